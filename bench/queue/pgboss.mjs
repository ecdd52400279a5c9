// pg-boss: queue policy key_strict_fifo, a lane is a singletonKey; or a standard queue, which has no order.
// Settings: batches of one job of every lane, fetched again at once while they come full; woken by NOTIFY.
import pg from "pg";
import { PgBoss } from "pg-boss";
import { LANES, begin, drain, end, jobs, mode, ordered, pickup, rounds, started, url } from "./jobs.mjs";

const QUEUE = "lanes", SCHEMA = "bench_pgboss";
const sql = new pg.Client(url);
await sql.connect();
await sql.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
const boss = new PgBoss({ connectionString: url, schema: SCHEMA, max: 10, schedule: false, supervise: false,
                          useListenNotify: mode === "pickup" });
boss.on("error", (why) => { console.error(why); process.exit(1); });
await boss.start();
await boss.createQueue(QUEUE, { policy: mode === "free" ? "standard" : "key_strict_fifo", notify: mode === "pickup" });

const options = { batchSize: ordered ? LANES : 1000, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5,
                  localConcurrency: ordered ? 1 : 2 };
const handle = async (batch) => {
  for (const { data } of batch) {
    begin(data.lane, data.n);
    end(data.lane);
  }
};

if (mode === "pickup") {
  await pickup({
    run: () => boss.work(QUEUE, { pollingIntervalSeconds: 0.5, localConcurrency: 8 },
                         async ([job]) => started(job.data.at)),
    add: (i, at) => boss.send(QUEUE, { at }, { singletonKey: String(i % LANES) }),
  });
} else {
  await drain({
    make: async () => {
      for (const round of rounds()) await boss.insert(QUEUE, round.map((data) => ({ data, singletonKey: String(data.lane) })));
      await sql.query("ANALYZE");
    },
    run: () => boss.work(QUEUE, options, handle),
    left: async () => jobs - Number((await sql.query(`SELECT count(*) AS n FROM ${SCHEMA}.job WHERE name = $1 AND state = 'completed'`,
                                                     [QUEUE])).rows[0].n),
  });
}
process.exit(0);
