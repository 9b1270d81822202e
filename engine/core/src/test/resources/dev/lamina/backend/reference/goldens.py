"""Writes goldens.txt: small cases for the reference device, computed here in double precision from
the published formulas and from ggml's description of its formats, without any code of Lamina.

Run it in its own directory. A case is a line "case NAME", then lines "KEY VALUE VALUE ...".
"""

import math
import random
import struct

rng = random.Random(20261122)
lines = []


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def bf16(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    low = bits & 0xFFFF
    bits &= 0xFFFF0000
    if low > 0x8000 or (low == 0x8000 and bits & 0x10000):
        bits += 0x10000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def values(n, magnitude=1.0):
    return [f32(magnitude * rng.uniform(-1, 1)) for _ in range(n)]


def case(name, **keys):
    lines.append("case " + name)
    for key, value in keys.items():
        items = value if isinstance(value, list) else [value]
        lines.append(key + " " + " ".join(repr(v) for v in items))


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


# Matrix product with a bias: 2 tokens, 5 columns, 3 rows.
w, b, x = values(15), values(3), values(10)
case("matmul", weight=w, bias=b, x=x,
     out=[dot(w[r * 5:r * 5 + 5], x[t * 5:t * 5 + 5]) + b[r] for t in range(2) for r in range(3)])

# RMS norm of two groups of 4 values for each of 2 tokens.
gamma, x = values(4), values(16)
out = []
for g in range(0, 16, 4):
    part = x[g:g + 4]
    rms = math.sqrt(dot(part, part) / 4 + f32(1e-5))
    out += [v / rms * c for v, c in zip(part, gamma)]
case("rmsnorm", gamma=gamma, x=x, out=out)


def rotate(x, heads, head_dim, dims, adjacent, angle_of_pair, magnitude, position):
    out = list(x)
    for h in range(heads):
        for i in range(dims // 2):
            a, b = (2 * i, 2 * i + 1) if adjacent else (i, i + dims // 2)
            a, b = h * head_dim + a, h * head_dim + b
            turned = complex(x[a], x[b]) * magnitude * complex(
                math.cos(position * angle_of_pair[i]), math.sin(position * angle_of_pair[i]))
            out[a], out[b] = turned.real, turned.imag
    return out


def rope(name, adjacent, dims, base, freq_scale=1.0, yarn=None, divisors=None):
    """yarn: (factor, beta_fast, beta_slow, original context, attention factor), as in the paper's
    own code: a ramp over the pairs between the correction dimensions mixes interpolated and
    original frequencies, and the attention factor multiplies cos and sin."""
    heads, head_dim, positions = 2, 8, [0, 1, 5, 300]
    inv = [1 / base ** (2 * i / dims) for i in range(dims // 2)]
    magnitude, attn, spec = 1.0, 1.0, [0.0, 1.0, 32.0, 1.0, 4096]
    if divisors:
        inv = [v / d for v, d in zip(inv, divisors)]
    if yarn:
        factor, fast, slow, context, attn = yarn
        find = lambda turns: dims * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(base))
        low, high = max(math.floor(find(fast)), 0), min(math.ceil(find(slow)), dims - 1)
        mixed = []
        for i, v in enumerate(inv):
            ramp = min(1.0, max(0.0, (i - low) / max(high - low, 0.001)))
            mixed.append(v / factor * ramp + v * (1 - ramp))
        inv, freq_scale = mixed, 1 / factor
        magnitude = attn * (0.1 * math.log(factor) + 1)
        spec = [1.0, attn, fast, slow, context]
    else:
        inv = [v * freq_scale for v in inv]
    x = values(len(positions) * heads * head_dim)
    out = []
    for t, p in enumerate(positions):
        out += rotate(x[t * 16:t * 16 + 16], heads, head_dim, dims, adjacent, inv, magnitude, p)
    case(name, adjacent=int(adjacent), dims=dims, base=base, freqScale=freq_scale, yarn=spec,
         divisors=divisors or [], positions=positions, x=x, out=out)


rope("rope adjacent", True, 8, 10000.0)
rope("rope halves", False, 8, 1000000.0)
rope("rope in part", False, 4, 10000.0)
rope("rope linear", True, 8, 10000.0, freq_scale=0.25)
rope("rope yarn", False, 8, 10000.0, yarn=(4.0, 32.0, 1.0, 2048, 1.0))
rope("rope yarn with attention factor", True, 8, 500000.0, yarn=(8.0, 8.0, 0.5, 8192, 0.75))
rope("rope divisors", True, 8, 500000.0, divisors=[1.0, 1.5, 4.0, 8.0])


def attention(name, heads, heads_kv, dim, tokens, window, cap):
    scale = f32(1 / math.sqrt(dim))
    q = values(tokens * heads * dim, 3)
    k = values(tokens * heads_kv * dim, 3)
    v = values(tokens * heads_kv * dim)
    out = []
    for t in range(tokens):
        for h in range(heads):
            kv = h // (heads // heads_kv)
            query = q[(t * heads + h) * dim:][:dim]
            seen = [p for p in range(t + 1) if window == 0 or p > t - window]
            scores = []
            for p in seen:
                s = scale * dot(query, k[(p * heads_kv + kv) * dim:][:dim])
                scores.append(cap * math.tanh(s / cap) if cap else s)
            top = max(scores)
            weights = [math.exp(s - top) for s in scores]
            total = math.fsum(weights)
            for d in range(dim):
                out.append(math.fsum(
                    wt * v[(p * heads_kv + kv) * dim + d] for wt, p in zip(weights, seen)) / total)
    case(name, heads=heads, headsKv=heads_kv, dim=dim, tokens=tokens, window=window, cap=cap,
         scale=scale, q=q, k=k, v=v, out=out)


attention("attention", 4, 2, 4, 6, 0, 0.0)
attention("attention windowed", 3, 1, 4, 9, 3, 0.0)
attention("attention capped", 2, 2, 6, 5, 0, 2.0)


def away(x):
    return math.floor(x + 0.5) if x >= 0 else math.ceil(x - 0.5)


def q8_0(x):
    d = f32(max(abs(v) for v in x) / 127)
    inverse = f32(1 / d) if d else 0.0
    return [f32(f16(d) * away(f32(v * inverse))) for v in x]


def q4_0(x):
    extreme = max(x, key=abs)
    d = f32(extreme / -8)
    inverse = f32(1 / d) if d else 0.0
    return [f32(f16(d) * (min(15, int(f32(f32(v * inverse) + 8.5))) - 8)) for v in x]


# What one stored value vector is read back as.
for type, store in [("F32", lambda x: x), ("F16", lambda x: [f16(v) for v in x]),
                    ("BF16", lambda x: [bf16(v) for v in x]), ("Q8_0", q8_0), ("Q4_0", q4_0)]:
    x = values(32, 2) + [0.0] * 32 + [f32(v / 8) for v in range(-16, 16)] + values(32, 1e-3)
    out = [v for i in range(0, 128, 32) for v in store(x[i:i + 32])]
    case("stored " + type, type=type, x=x, out=out)

# Gates and caps.
gate, up = values(12, 6), values(12)
case("gated SILU", gate=gate, up=up,
     out=[g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)])
case("gated GELU_TANH", gate=gate, up=up,
     out=[0.5 * g * (1 + math.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g ** 3))) * u
          for g, u in zip(gate, up)])
case("softcap", cap=30.0, x=gate, out=[30 * math.tanh(g / 30) for g in gate])

# A router over 5 experts, 2 used, and the experts' products (3 columns, 2 rows).
logits = values(15, 2)
experts, x = values(5 * 6), values(9)
for normalise in (0, 1):
    picks, weights, products, sums = [], [], [], []
    for t in range(3):
        row = logits[t * 5:t * 5 + 5]
        p = [math.exp(v) for v in row]
        total = math.fsum(p)
        best = sorted(range(5), key=lambda e: (-row[e], e))[:2]
        chosen = [p[e] / total for e in best]
        if normalise:
            chosen = [c / math.fsum(chosen) for c in chosen]
        chosen = [1.5 * c for c in chosen]
        picks += best
        weights += chosen
        slots = [[dot(experts[e * 6 + r * 3:][:3], x[t * 3:t * 3 + 3]) for r in range(2)]
                 for e in best]
        products += slots[0] + slots[1]
        sums += [chosen[0] * slots[0][r] + chosen[1] * slots[1][r] for r in range(2)]
    case("experts" + (" normalised" if normalise else ""), normalise=normalise, logits=logits,
         weight=experts, x=x, picks=picks, weights=weights, products=products, sums=sums)

with open("goldens.txt", "w") as file:
    file.write("\n".join(lines) + "\n")
