// BullMQ on Redis: no order between jobs. Settings: jobs added in bulk and removed when done, 100 at once.
import { Queue, Worker } from "bullmq";
import { begin, drain, end, mode, pickup, rounds, started, url } from "./jobs.mjs";

const at = new URL(url), connection = { host: at.hostname, port: Number(at.port), password: at.password };
const queue = new Queue("lanes", { connection, defaultJobOptions: { removeOnComplete: true } });
const handle = async ({ data }) => {
  if (data.at) return started(data.at);
  begin(data.lane, data.n);
  end(data.lane);
};
const run = async () => new Worker("lanes", handle, { connection, concurrency: 100 });

if (mode === "pickup") {
  await pickup({ run, add: (i, at) => queue.add("job", { at }) });
} else {
  await drain({
    make: async () => {
      for (const round of rounds()) await queue.addBulk(round.map((data) => ({ name: "job", data })));
    },
    run,
    left: async () => Object.values(await queue.getJobCounts("wait", "active", "prioritized")).reduce((a, b) => a + b),
  });
}
process.exit(0);
