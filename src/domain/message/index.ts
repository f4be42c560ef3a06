/** What other domains may ask about messages. */
export { receiptOf } from './view.ts';
export { type DeliveryRow, listDeliveries } from './delivery-queries.ts';
export { findMessage, type MessageRow } from './queries.ts';
export { mayRead } from './sight.ts';
export { giveBackAll } from './delivery-operations.ts';
export { type NewMessage, send, type Sent } from './send.ts';
