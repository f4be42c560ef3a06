/** What others may ask about webhooks. */
export { whyDelivery } from './deliveries.ts';
