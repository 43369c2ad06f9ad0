/**
 * The simulator's own key pair: RSA, 1,024 bits, public exponent 17, as Steam's "system" key is.
 *
 * **Public knowledge.** Both halves are published with this package on purpose, so that a simulated ticket
 * can be made in any language. A signature by this key proves nothing, and a gate that is not told
 * otherwise by name refuses it.
 */
export const simulatorPublicKey = `-----BEGIN PUBLIC KEY-----
MIGdMA0GCSqGSIb3DQEBAQUAA4GLADCBhwKBgQDA35sX/W5RkFIzCyo6WbgoSYol
lL9YHa+NxfIwxkwtZSs6qChyW87wRIxFZMnoyj6IUVMQZUCeAVZdpiea2rEwspys
Ml7LK8EJXBKJLTmA5LreLITAJKT23j6xH+RkZ3sks8+s1OOaqgwuTDt9sF49Sn8A
Zq9KoxjpbWua22OfTQIBEQ==
-----END PUBLIC KEY-----
`

/** The private half of {@link simulatorPublicKey}; as public as that. */
export const simulatorPrivateKey = `-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMDfmxf9blGQUjML
KjpZuChJiiWUv1gdr43F8jDGTC1lKzqoKHJbzvBEjEVkyejKPohRUxBlQJ4BVl2m
J5rasTCynKwyXssrwQlcEoktOYDkut4shMAkpPbePrEf5GRneySzz6zU45qqDC5M
O32wXj1KfwBmr0qjGOlta5rbY59NAgERAoGBAJ7WQ30rD4522kgnT/PRanuH2y4C
Bv1Fn6HuTvr9qCViX9Xz5RLiMfMLRldD8ZKIb7uORGfa6euIoXpMmRYdgtteHZcr
4eHKc1x5KJyEeZJ7+EaLptDOeDdJmPON8rMGYFGkR/X+EtOW3yMCFDKWREF2/hT4
cCLig9H0+sg9RQh5AkEA/bqkF3whTumA1+JTlidRTIArFfdPRzLoyIyDKyNmPHWv
6JUERr8RT+8yafxSLHtKTIzMPL3RYZfgGH1BM7xt7wJBAMKZh2WZhWcCTxWjd4h+
kAGxyyPVKivgFBfBmH8+26NHWszjRv4yP0d7vxaUW81rfu10iGn7mAng+BkrixQc
goMCQQCzGlW2OYDsaJcu+hzidhtFDy146s6MnGgVF+Qec1c5vHwrtHt9O5O/9COW
G4VMk0OBVFPupBtT8rxNhZdv0E2ZAkEAlM/B5Eg41k0PTMhMWVG5arUi3yqJqRTE
EiqhyreY5kWfydr6Da30J5rda56gjgbol3c7I96DUtk2MV2IeMqB6wJAYH2qskE7
97K+jLKGbfZeAVE9UYh3zWFSONcHNjs11+lGPYQtBE4y5W4VtHIkTW4vcg9udNVX
Qc1m6e/i4O1EkQ==
-----END PRIVATE KEY-----
`
