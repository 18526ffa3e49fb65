/** Which hosts are this machine. */

/** Whether a host name, or an address with or without brackets, is of this machine alone. */
export const isLoopback = (host: string): boolean =>
  /^(?:(?:.+\.)?localhost|\[?::1\]?|127(?:\.\d{1,3}){3})$/i.test(host)
