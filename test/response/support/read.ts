const decoder = new TextDecoder();

export type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** A reader of the response's own body. */
export function readerOf(response: Response): BodyReader {
  return response.body!.getReader(); // these tests give no status without a body
}

/** What the next read gives, as text; undefined at the end. */
export async function readText(reader: BodyReader): Promise<string | undefined> {
  const { value } = await reader.read();
  return value === undefined ? undefined : decoder.decode(value);
}

/** Each piece that a reader of the body sees, as text. */
export async function piecesOf(response: Response): Promise<string[]> {
  const reader = readerOf(response);
  const pieces: string[] = [];
  while (true) {
    const piece = await readText(reader);
    if (piece === undefined) return pieces;
    pieces.push(piece);
  }
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** What reading to the end leaves: the text so far, and the error that ended it, if one did. */
export async function readToEnd(response: Response): Promise<{ text: string; error?: unknown }> {
  const reader = readerOf(response);
  let text = "";
  try {
    while (true) {
      const piece = await readText(reader);
      if (piece === undefined) return { text };
      text += piece;
    }
  } catch (error) {
    return { text, error };
  }
}
