// @ts-check
/** Whom an address leads to this server. Pure. */

/**
 * Whether an address means the device that opens it: a phone that scans it finds itself.
 * @param {string} address
 */
export function isLoopback(address) {
  const host = new URL(address).hostname;
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host === "0.0.0.0" || /^127(\.\d+){3}$/.test(host);
}

/**
 * The origin to be set as PUBLIC_URL: the one at which this page was found, if others can find it there, else an example.
 * @param {string} publicUrl the one that is set now
 * @param {string} origin of the page
 */
export function suggestedOrigin(publicUrl, origin) {
  if (!isLoopback(origin)) return origin;
  const { port } = new URL(publicUrl);
  return `http://192.168.1.20${port && `:${port}`}`;
}
