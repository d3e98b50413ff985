/** The uid of an account in the text of /etc/passwd; an account that is a number already is its own uid. */
export function parseUid(passwd: string, account: string): number | undefined {
  if (/^\d+$/u.test(account)) return Number(account);
  for (const line of passwd.split("\n")) {
    const [name, , uid = ""] = line.split(":");
    if (name === account && /^\d+$/u.test(uid)) return Number(uid);
  }
  return undefined;
}
