/** Repositories by the end of their names: as much of it as it takes to tell them apart. */

export function shortNames(urls: Iterable<string>): (url: string) => string {
  const all = [...new Set(urls)];
  const most = Math.max(1, ...all.map((url) => partsOf(url).length));
  for (let count = 1; count <= most; count++) {
    const names = new Map(all.map((url) => [url, partsOf(url).slice(-count).join('/')]));
    if (new Set(names.values()).size === all.length) return (url) => names.get(url) ?? url;
  }
  return (url) => url;
}

function partsOf(url: string): string[] {
  return url
    .replace(/\/*(?:\.git)?\/*$/, '')
    .split(/[/:]+/)
    .filter((part) => part !== '');
}
