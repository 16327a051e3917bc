/** A schema of the document's components with an example of it, which the compiler holds to the schema. */
import type * as v from 'valibot'

export function named<S extends v.GenericSchema>(schema: S, example: v.InferInput<S>) {
  return { schema, example }
}
