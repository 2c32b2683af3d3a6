"""What the scripts that make vectors with PyTorch share: tensors by name to a safetensors file."""
import json
import struct

import torch


def save(path, tensors):
    header, data = {}, b''
    for name, t in sorted(tensors.items()):
        kind, dtype = ('I64', '<i8') if t.dtype == torch.int64 else ('F32', '<f4')
        raw = t.detach().contiguous().numpy().astype(dtype).tobytes()
        header[name] = dict(dtype=kind, shape=list(t.shape), data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)
