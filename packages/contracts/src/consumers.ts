/**
 * The names under which effects are recorded in `processed_events`, where a second process reads them:
 * the worker writes them, the batch's recount asks which events have had their effect.
 */
export const consumers = { ratings: 'mopl-ratings' } as const
