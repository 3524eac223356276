/** What has arrived of a text each time that something arrives. */
export async function* arrivalsOf(url: string, init?: RequestInit): AsyncGenerator<string> {
  const response = await fetch(url, init);
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    yield text;
  }
}
