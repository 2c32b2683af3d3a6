"""Makes the small files in weights/ with PyTorch and NumPy:  python3 make_weights.py weights

all.pt, all_legacy.pt   a tensor of every dtype, views, tied, strided, zero-size; all.npz has the same numbers, dense
checkpoint.pt           a whole checkpoint with an optimizer and values
small.*                 seeds of the tests with broken files
hostile.pt              would run a command if it were unpickled
script.pt               a TorchScript archive
"""
import argparse
import collections
import os
import pickle
import sys
import zipfile

import numpy as np
import torch

torch.manual_seed(0)
os.chdir(sys.argv[1])

every = collections.OrderedDict()
for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
    every["float." + str(dtype)[6:]] = torch.randn(3, 4).to(dtype)
for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8):
    every["int." + str(dtype)[6:]] = torch.randint(-100, 100, (2, 3, 2)).to(dtype)
every["bool"] = torch.tensor([True, False, True])
every["complex64"] = torch.randn(3, dtype=torch.complex64)
every["complex128"] = torch.randn(2, 2, dtype=torch.complex128)
base = torch.arange(24.0).reshape(4, 6)
every["tied1"] = base
every["tied2"] = base
every["view"] = base[1:3]
every["transposed"] = base.t()
every["strided"] = base[::2, 1::2]
every["expanded"] = torch.randn(3, 1).expand(3, 5)
every["channels_last"] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
every["overlapping"] = torch.arange(10.0).as_strided((4, 4), (2, 1))
every["overlapping.back"] = torch.arange(10.0).as_strided((4, 4), (1, 2))
every["empty"] = torch.empty(0, 3)
every["scalar"] = torch.tensor(3.5)
every["rank7"] = torch.randn(1, 2, 1, 2, 1, 2, 2)
torch.save(every, "all.pt")
torch.save(every, "all_legacy.pt", _use_new_zipfile_serialization=False)
np.savez("all.npz", **{k: (v.float() if v.dtype == torch.bfloat16 else v).contiguous().numpy() for k, v in every.items()})
with zipfile.ZipFile("all.pt") as source, zipfile.ZipFile("all_deflated.pt", "w", zipfile.ZIP_DEFLATED) as packed:
    for item in source.infolist():
        packed.writestr(item.filename, source.read(item))

net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
optimizer = torch.optim.Adam(net.parameters(), lr=0.0002, betas=(0.5, 0.999))
net(torch.randn(4, 3)).sum().backward()
optimizer.step()
checkpoint = {
    "epoch": 7, "loss": 0.25, "name": "caf\u00e9", "negative": -70000, "big": 2**80, "none": None, "yes": True,
    "state_dict": net.state_dict(), "optimizer": optimizer.state_dict(), "args": argparse.Namespace(lr=2e-4, batch=64),
    "np_float": np.float64(1.5), "np_int": np.int32(-3), "array": np.arange(6, dtype=">i4").reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "losses": [0.5 * i for i in range(100)],
    "device": torch.device("cpu"), "size": torch.Size([1, 2]), "parameter": torch.nn.Parameter(torch.ones(2)),
}
torch.save(checkpoint, "checkpoint.pt")
torch.save(net, "module.pt")


class Hostile:
    def __reduce__(self):
        return os.system, ("touch owned",)


torch.save({"w": torch.ones(2), "hostile": Hostile(), "inner": [Hostile()]}, "hostile.pt")
torch.jit.script(torch.nn.Linear(2, 2)).save("script.pt")

small = collections.OrderedDict(w=torch.arange(6.0).reshape(2, 3), h=torch.ones(2).half()[1:], k=torch.tensor(-5))
torch.save(small, "small.pt")
torch.save(small, "small_legacy.pt", _use_new_zipfile_serialization=False)
with zipfile.ZipFile("small_deflated.pt", "w", zipfile.ZIP_DEFLATED) as packed:
    with zipfile.ZipFile("small.pt") as source:
        for item in source.infolist():
            packed.writestr(item.filename, source.read(item))
for protocol in (2, 4, 5):
    content = {"a": np.arange(4, dtype=np.float32), "e": [1, 2.5, "x", None, True, (3, 4)], "s": {5}}
    if protocol == 4:
        content["t"] = torch.ones(2)
    with open(f"small_p{protocol}.pkl", "wb") as file:
        pickle.dump(content, file, protocol=protocol)
np.savez("small.npz", w=np.arange(6, dtype=np.float32).reshape(2, 3), f=np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)))
np.savez_compressed("small_deflated.npz", w=np.arange(30, dtype=np.float32).reshape(5, 6))
