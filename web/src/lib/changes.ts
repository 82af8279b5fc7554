// What is not saved of a form.

/** How many of its fields say something else than `from`. */
export function changesIn<Form extends object>(form: Form, from: Form): number {
  const before = new Map<string, unknown>(Object.entries(from));
  return Object.entries(form).filter(([name, value]) => value !== before.get(name)).length;
}
