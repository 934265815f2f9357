// Every text that people read has its English, with the same placeholders; each id has one French text.
// Prints what is wrong, one line each. `--list` prints the French by id instead, as JSON.
import { HtmlParser, MessageBundle } from '@angular/compiler';
import { globSync, readFileSync } from 'node:fs';

const french = new Map(); // id → { text, names, file }
const wrong = [];

function note(id, text, names, file) {
  const held = french.get(id);
  if (held && held.text !== text) {
    wrong.push(`${file}: ${id} is « ${text} » here and « ${held.text} » in ${held.file}: give one of them another id`);
  }
  french.set(id, { text, names: [...names].sort(), file });
}

function ofTemplate(html, file) {
  const bundle = new MessageBundle(new HtmlParser(), [], {}, null, false);
  const errors = bundle.updateFromTemplate(html, file);
  wrong.push(...errors.map((error) => `${file}: ${error.msg}`));
  for (const message of bundle.getMessages()) {
    const text = message.messageString;
    if (!message.customId) {
      wrong.push(`${file}: « ${text} » has no id: write i18n="@@module.key"`);
    } else {
      note(message.customId, text, new Set([...text.matchAll(/\{\$(\w+)\}/g)].map((found) => found[1])), file);
    }
  }
}

function ofCode(code, file) {
  for (const [, id, text] of code.matchAll(/\$localize`(?::(?:[^:`]*@@)([\w.-]+):)?((?:[^`\\]|\\.)*)`/g)) {
    if (!id) {
      wrong.push(`${file}: « ${text} » has no id: write $localize\`:@@module.key:…\``);
      continue;
    }
    const placeholders = /\$\{(?:[^{}]|\{[^{}]*\})*\}(?::(\w+):)?/g;
    const names = [...text.matchAll(placeholders)].map(([, name]) => name ?? 'PH');
    note(id, text.replace(placeholders, (_, name) => `{$${name ?? 'PH'}}`), new Set(names), file);
  }
  for (const [, html] of code.matchAll(/\btemplate:\s*`((?:[^`\\]|\\.)*)`/g)) {
    ofTemplate(html.replaceAll('\\`', '`'), file);
  }
}

for (const file of globSync('src/app/**/*.{html,ts}').sort()) {
  if (!/\.(spec|gen)\.ts$/.test(file)) {
    (file.endsWith('.html') ? ofTemplate : ofCode)(readFileSync(file, 'utf8'), file);
  }
}

function compare() {
  const english = new Map();
  for (const file of globSync('src/app/**/en.json').sort()) {
    for (const [id, text] of Object.entries(JSON.parse(readFileSync(file, 'utf8')))) {
      english.set(id, text);
      if (!french.has(id)) {
        wrong.push(`${file}: nothing has the id ${id} any more`);
      }
    }
  }
  for (const [id, { text, names, file }] of french) {
    const given = english.get(id);
    if (given === undefined) {
      wrong.push(`${file}: ${id} (« ${text} ») has no English: add it to the en.json of its folder`);
      continue;
    }
    // In the branches of a plural the placeholders of Angular have no dollar.
    const used = [...new Set([...given.matchAll(/\{(?:\$(\w+)|(INTERPOLATION\w*))\}/g)].map((found) => found[1] ?? found[2]))].sort();
    if (used.join() !== names.join()) {
      wrong.push(`${file}: the English of ${id} has ${used.join(', ') || 'no placeholder'}, the French ${names.join(', ') || 'none'}`);
    }
  }
  console.log(wrong.length ? wrong.join('\n') : `${french.size} texts, all in both languages`);
  process.exitCode = wrong.length ? 1 : 0;
}

// No process.exit: it would cut what a pipe has not taken yet, which is all but the first 64 KiB.
if (process.argv.includes('--list')) {
  console.log(JSON.stringify(Object.fromEntries([...french].map(([id, one]) => [id, one.text])), null, 2));
} else {
  compare();
}
