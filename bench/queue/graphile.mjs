// graphile-worker: a lane is a named queue; unordered jobs have none. Settings: those of its page on performance
// (24 jobs at once, 25 connections, a local queue, completions in batches). With named queues the local queue makes
// it several times slower (each fetch brings one job of a queue and gives the others back), so there it has none; nor
// for latency, where nothing is gathered.
import { makeWorkerUtils, run, Logger } from "graphile-worker";
import pg from "pg";
import { LANES, begin, drain, end, mode, ordered, pickup, rounds, started, url } from "./jobs.mjs";

const SCHEMA = "bench_graphile";
const quiet = new Logger(() => (level, message) => { if (level === "error") { console.error(message); process.exit(1); } });
const sql = new pg.Client(url);
await sql.connect();
await sql.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
const worker = { connectionString: url, schema: SCHEMA, concurrentJobs: 24, maxPoolSize: 25 };
if (mode !== "pickup") Object.assign(worker, { completeJobBatchDelay: 0, failJobBatchDelay: 0 });
if (mode === "free") worker.localQueue = { size: 500 };
const utils = await makeWorkerUtils({ preset: { worker }, logger: quiet });
await utils.migrate();

const taskList = {
  lane: async ({ lane, n }) => {
    begin(lane, n);
    end(lane);
  },
  pickup: async ({ at }) => started(at),
};
const start = () => run({ preset: { worker }, taskList, logger: quiet });

if (mode === "pickup") {
  await pickup({ run: start, add: (i, at) => utils.addJob("pickup", { at }, { queueName: `lane ${i % LANES}` }) });
} else {
  await drain({
    make: async () => {
      for (const round of rounds())
        await utils.addJobs(round.map((payload) => ({
          identifier: "lane", payload, queueName: ordered ? `lane ${payload.lane}` : undefined })));
      await sql.query("ANALYZE");
    },
    run: start,
    left: async () => Number((await sql.query(`SELECT count(*) AS n FROM ${SCHEMA}._private_jobs`)).rows[0].n),
  });
}
process.exit(0);
