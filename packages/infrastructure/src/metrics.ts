/** prom-client, set up the same way everywhere. Names start with `mopl_`, labels come from closed sets. */
import { collectDefaultMetrics, Registry } from 'prom-client'

/** A registry of its own per process (and per test), with the runtime's default metrics and the app's name on every series. */
export function createMetrics(app: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ app })
  // The event loop's delay is sampled by waking up: at the default of every 10 ms an idle process uses 0.5 % of a core for it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  return registry
}

/** Seconds; wide enough for an argon2 hash, fine enough for a cached read. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
