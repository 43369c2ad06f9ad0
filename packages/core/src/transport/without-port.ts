const withPort = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([\d:.a-f]+)\])(?::\d{1,5})?$/i

/**
 * An address as a proxy wrote it into `X-Forwarded-For`, without the port that some put behind it (`203.0.113.9:51234`,
 * `[2001:db8::1]:51234`). Everybody has another port each time: counted with it, a limit for an address limits nobody.
 *
 * @see https://azure.microsoft.com/en-us/blog/rewrite-http-headers-with-azure-application-gateway/
 */
export function withoutPort(address: string): string {
  const found = withPort.exec(address)
  return found?.[1] ?? found?.[2] ?? address
}
