import { execFile } from "node:child_process";

/** What Python makes of a gzip file. */
export interface Member {
  /** SHA-256 of what it decodes to, in hexadecimal. */
  readonly sha256: string;
  /** Whether it is one member, and nothing comes after it. */
  readonly one: boolean;
  /** As `gzip.decompress` sees it, which takes several members too. */
  readonly agrees: boolean;
}

// Each file is preceded by its length; the standard library checks CRC and size.
const program = `
import gzip, hashlib, json, struct, sys, zlib
while True:
    head = sys.stdin.buffer.read(4)
    if not head: break
    coded = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    decoder = zlib.decompressobj(31)
    plain = decoder.decompress(coded) + decoder.flush()
    print(json.dumps({
        "sha256": hashlib.sha256(plain).hexdigest(),
        "one": decoder.eof and decoder.unused_data == b"",
        "agrees": gzip.decompress(coded) == plain,
    }))
`;

/** Decodes gzip files in a Python of its own. */
export function readInPython(files: readonly Uint8Array[]): Promise<Member[]> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 24 };
    const child = execFile("python3", ["-c", program], options, (error, stdout) => {
      if (error !== null) reject(error);
      else resolve(Array.from(stdout.trim().split("\n"), (line) => JSON.parse(line) as Member));
    });
    for (const file of files) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(file.byteLength);
      child.stdin?.write(length);
      child.stdin?.write(file);
    }
    child.stdin?.end();
  });
}
