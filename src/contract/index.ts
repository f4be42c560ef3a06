/** The vocabulary: every operation by its name, and the shapes that they speak in. */
export * from './admin.ts';
export * from './agent.ts';
export * from './case.ts';
export * from './change.ts';
export * from './channel.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './invoke.ts';
export * from './limits.ts';
export * from './lock.ts';
export * from './message.ts';
export * from './operation.ts';
export * from './operations.ts';
export * from './repository.ts';
export * from './shape.ts';
export * from './task.ts';
export * from './webhook.ts';
