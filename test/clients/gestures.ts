/** What a model asks for, in the words of each client. */
import type { ClientName, Reply } from './turn.ts';

/** Claude Code and Codex have the model look up a server's tools before it can call them. */
export function findTool(client: ClientName, server: string, tool: string): Reply {
  switch (client) {
    case 'claude':
      return {
        call: { tool: 'ToolSearch', input: { query: `select:mcp__${server}__${tool}` } },
      };
    case 'codex':
      return { call: { tool: 'tool_search', input: { query: tool, limit: 8 } } };
    case 'gemini':
      return { call: { tool: 'list_directory', input: { dir_path: '.' } } };
  }
}

export function toolName(client: ClientName, server: string, tool: string): string {
  switch (client) {
    case 'claude':
      return `mcp__${server}__${tool}`;
    case 'codex':
      return `mcp__${server}.${tool}`;
    case 'gemini':
      return `mcp_${server}_${tool}`;
  }
}

/** Writes a new file at an absolute path. */
export function writeFileCall(client: ClientName, path: string, line: string): Reply {
  const input = { file_path: path, content: `${line}\n` };
  switch (client) {
    case 'claude':
      return { call: { tool: 'Write', input } };
    case 'codex': {
      const text = `*** Begin Patch\n*** Add File: ${path}\n+${line}\n*** End Patch\n`;
      return { call: { tool: 'apply_patch', input: { text } } };
    }
    case 'gemini':
      return { call: { tool: 'write_file', input } };
  }
}

export const EDIT_TOOLS: Record<ClientName, string> = {
  claude: 'Edit|MultiEdit|Write|NotebookEdit',
  codex: 'apply_patch',
  gemini: 'write_file|replace',
};
