const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago something was, in as few characters as kubectl needs: `5s`, `3m20s`, `90m`, `5h10m`, `3d4h`, `12d`. */
export function renderAge(milliseconds: number): string {
  const age = Math.max(0, milliseconds);
  if (age < 2 * minute) return `${Math.floor(age / second)}s`;
  if (age < 10 * minute) return renderPair(age, [minute, "m"], [second, "s"]);
  if (age < 3 * hour) return `${Math.floor(age / minute)}m`;
  if (age < 8 * hour) return renderPair(age, [hour, "h"], [minute, "m"]);
  if (age < 2 * day) return `${Math.floor(age / hour)}h`;
  return age < 8 * day ? renderPair(age, [day, "d"], [hour, "h"]) : `${Math.floor(age / day)}d`;
}

/** Seconds as a person says them: `10s`, `2m`, `1m30s`. */
export function renderSeconds(seconds: number): string {
  return renderPair(seconds * second, [minute, "m"], [second, "s"]);
}

type Unit = readonly [number, string];

function renderPair(age: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const [whole, rest] = [Math.floor(age / large), Math.floor((age % large) / small)];
  if (whole === 0) return `${rest}${smallName}`;
  return rest === 0 ? `${whole}${largeName}` : `${whole}${largeName}${rest}${smallName}`;
}
