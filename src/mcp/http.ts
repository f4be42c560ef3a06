/**
 * MCP over HTTP. Each request is answered by a server of its own, made for whoever asks: nothing is
 * kept between two requests but what the hub keeps.
 */
import { createMcpHandler } from '@modelcontextprotocol/server';
import { limits } from '../contract/index.ts';
import { mcpServer, type Served } from './server.ts';

export interface McpHandler {
  /** `body` is the JSON of the request, where it has one. */
  fetch: (request: Request, body: unknown) => Promise<Response>;
  close: () => Promise<void>;
}

/** `servedFor` tells from the headers of a request for whom the tools are called. */
export function mcpHandler(servedFor: (headers: Headers) => Served): McpHandler {
  const handler = createMcpHandler(
    ({ requestInfo }) => mcpServer(servedFor(requestInfo?.headers ?? new Headers())),
    {
      maxRequestBodySize: limits.requestBytesMax,
      maxSubscriptions: limits.subscriptionsPerSocketMax,
    },
  );
  return {
    fetch: (request, parsedBody) =>
      handler.fetch(request, parsedBody === undefined ? {} : { parsedBody }),
    close: () => handler.close(),
  };
}
