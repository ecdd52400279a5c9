// What the three programs share: the jobs, the check of each, and what is printed. As queue-bench does it.
import { setTimeout as sleep } from "node:timers/promises";

export const LANES = 200;
const PICKUPS = 1000, PICKUPS_A_SECOND = 50;
export const [mode, url, jobsWanted] = process.argv.slice(2);
export const ordered = mode === "lanes";
export const jobs = Number(jobsWanted) - (Number(jobsWanted) % LANES);

function die(why) {
  console.error(why);
  process.exit(1);
}

const next = new Map(), busy = new Set(), seen = new Set(), waits = [];
export let done = 0;

/** Job `n` begins. A lane runs one at a time, in the order in which its jobs were made, each once. */
export function begin(lane, n) {
  if (ordered) {
    if (busy.has(lane)) die(`two jobs of lane ${lane} at once`);
    if ((next.get(lane) ?? 0) !== n) die(`job ${n} of lane ${lane} ran twice, or out of its order`);
    busy.add(lane);
    next.set(lane, n + 1);
  } else {
    const key = lane * 1e7 + n;
    if (seen.has(key)) die(`job ${n} of lane ${lane} ran twice`);
    seen.add(key);
  }
}

export function end(lane) {
  busy.delete(lane);
  done++;
}

/** One job of each lane at a time: what is made together may have no order. */
export function* rounds(count = jobs) {
  for (let n = 0; n < count / LANES; n++) yield Array.from({ length: LANES }, (_, lane) => ({ lane, n }));
}

export function started(madeAt) {
  waits.push(performance.now() - madeAt);
  done++;
}

/** make(all): puts every job there; run(): starts; left(): how many are not known to have ended. */
export async function drain({ make, run, left }) {
  let start = performance.now();
  await make();
  console.log(JSON.stringify({ made: jobs, seconds: (performance.now() - start) / 1000 }));
  const cpu = process.cpuUsage();
  start = performance.now();
  await run();
  while (done < jobs) await sleep(1);
  while ((await left()) > 0) await sleep(1);
  const seconds = (performance.now() - start) / 1000, spent = process.cpuUsage(cpu);
  console.log(JSON.stringify({ jobs: done, seconds, cpu_seconds: (spent.user + spent.system) / 1e6 }));
}

/** add(i): makes one job that calls started(its own instant). */
export async function pickup({ run, add }) {
  await run();
  await sleep(1000);
  const start = performance.now();
  for (let i = 0; i < PICKUPS; i++) {
    const wait = start + (i * 1000) / PICKUPS_A_SECOND - performance.now();
    if (wait > 0) await sleep(wait);
    await add(i, performance.now());
  }
  while (done < PICKUPS) await sleep(1);
  waits.sort((a, b) => a - b);
  console.log(JSON.stringify({ jobs: done, p50_ms: waits[PICKUPS / 2], p95_ms: waits[PICKUPS * 0.95] }));
}
