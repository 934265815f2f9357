// Puts the brotli of each text of a folder beside it (`NAME.br`), where it is smaller: the API serves it as it is.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [folder] = process.argv.slice(2);
for (const name of globSync('**/*.{js,css,svg}', { cwd: folder })) {
  const plain = readFileSync(join(folder, name));
  const packed = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  if (packed.length < plain.length) {
    writeFileSync(join(folder, `${name}.br`), packed);
  }
}
