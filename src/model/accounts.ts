/** The numbers of an account. */
export interface AccountNumbers {
  readonly uid: number;
  readonly gid: number;
}

/**
 * An account in the text of /etc/passwd, by its name or its number. Its group is not always the one of the same number,
 * which may be another's and have rights. A number that no account has is its own group.
 */
export function parseAccount(passwd: string, account: string): AccountNumbers | undefined {
  const byNumber = isNumber(account);
  for (const line of passwd.split("\n")) {
    const [name, , uid = "", gid = ""] = line.split(":");
    if ((byNumber ? uid : name) === account && isNumber(uid) && isNumber(gid)) return { uid: Number(uid), gid: Number(gid) };
  }
  return byNumber ? { uid: Number(account), gid: Number(account) } : undefined;
}

/** The uid of an account in the text of /etc/passwd; an account that is a number already is its own uid. */
export function parseUid(passwd: string, account: string): number | undefined {
  return parseAccount(passwd, account)?.uid;
}

function isNumber(text: string): boolean {
  return /^\d+$/u.test(text);
}
