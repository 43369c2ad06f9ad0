/**
 * Steam's public "system" key of the public universe: what the ownership half of every ticket is signed
 * with. RSA-1024, exponent 17. SHA-256 of its SPKI DER is
 * a0bc38bd7cd2177058dc15fdded2aadc718d59f49fcc943a69d13e581fb4f92f.
 *
 * Source: `KeyDictionary.cs` of SteamKit and `system.pem` of `@doctormckay/steam-crypto`, which agree.
 */
export const steamPublicKey = `-----BEGIN PUBLIC KEY-----
MIGdMA0GCSqGSIb3DQEBAQUAA4GLADCBhwKBgQDf7BrWLBBmLBc1OhSwfFkRf53T
2Ct64+AVzRkeRuh7h3SiGEYxqQMUeYKO6UWiSRKpI2hzic9pobFhRr3Bvr/WARvY
gdTckPv+T1JzZsuVcNfFjrocejN1oWI0Rrtgt4Bo+hOneoo3S57G9F1fOpn5nsQ6
6WOiu4gZKODnFMBCiQIBEQ==
-----END PUBLIC KEY-----
`
