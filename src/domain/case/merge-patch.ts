/**
 * JSON merge patch, RFC 7396: fields of an object are merged, null removes one, and anything that
 * is no object takes the place of what was there. Neither argument is changed.
 */
type JsonObject = Record<string, unknown>;

export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) ? mergePatch(merged.get(name), value) : value);
  }
  // A field called __proto__ stays a field: entries define what assignment would take otherwise.
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
