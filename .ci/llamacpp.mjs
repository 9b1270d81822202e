// llama.cpp's speed on the processor, through node-llama-cpp: a prompt, generation behind it, and generation at a depth.
//
//   LLAMACPP=FOLDER node .ci/llamacpp.mjs MODEL.gguf [-p 512] [-n 64] [-d 4096] [-t 2] [-r 2]
//
// FOLDER is where `npm install node-llama-cpp` was run. Prints one line of JSON: tokens per second under pp512, tg64 and tg64@4096,
// each the best of the repetitions. A depth of 0 leaves the last out; one prompt before all of them warms up.
import {pathToFileURL} from "node:url";

const [file, ...flags] = process.argv.slice(2);
const flag = (name, otherwise) => {
  const at = flags.indexOf(name);
  return at < 0 ? otherwise : Number(flags[at + 1]);
};
const prompt = flag("-p", 512), count = flag("-n", 64), depth = flag("-d", 4096), threads = flag("-t", 2), rounds = flag("-r", 2);

const folder = process.env.LLAMACPP ?? process.cwd();
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(`${folder}/node_modules/node-llama-cpp/dist/index.js`));
const llama = await getLlama({gpu: false, build: "never", skipDownload: true, maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const context = await model.createContext({
  contextSize: Math.max(prompt, depth) + count + 16, batchSize: 512, threads: {ideal: threads, min: threads}});
const sequence = context.getSequence();

const token = i => 3 + (i * 7907 + 11) % 1000;
const text = n => Array.from({length: n}, (_, i) => token(i));
const rate = async (tokens, work) => {
  const from = performance.now();
  await work();
  return tokens / (performance.now() - from) * 1000;
};
const read = n => rate(n, () => sequence.evaluateWithoutGeneratingNewTokens(text(n)));
const generate = () => rate(count, async () => {
  for (let i = 0; i < count; i++) {
    await sequence.controlledEvaluate([[token(i), {generateNext: {token: true, options: {temperature: 0}}}]]);
  }
});

const best = {};
const keep = (key, value) => best[key] = Math.max(best[key] ?? 0, value);
await read(prompt);
for (let i = 0; i < rounds; i++) {
  await sequence.clearHistory();
  keep(`pp${prompt}`, await read(prompt));
  keep(`tg${count}`, await generate());
}
if (depth > 0) {
  await sequence.clearHistory();
  await read(depth);
  keep(`tg${count}@${depth}`, await generate());
}
console.log(JSON.stringify(best));
process.exit(0);
