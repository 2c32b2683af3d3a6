"""Makes torch_layers.safetensors: outputs and gradients of PyTorch's layers on small inputs.

  python3 make_torch_layers.py torch_layers.safetensors

Debian: apt-get install python3-torch. PyTorch computes in double, so that what is stored is right to the last
place of f32. For each case of test_torch_layers.c the file holds "CASE/x", the output "CASE/y", the cotangent
"CASE/dy", the gradient "CASE/dx", and for each parameter NAME "CASE/p.NAME" and its gradient "CASE/g.NAME", for
state "CASE/p.NAME" before and "CASE/s.NAME" after the pass. Pictures are stored as the library has them,
channels last."""
import json
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

out = {}


def last(t):
    """Channels to the end."""
    return t.movedim(1, -1) if t.dim() > 2 else t


def numbers(*shape):
    return torch.randn(*shape).double()


def case(name, layer, x, parameters=True, move=True):
    if isinstance(layer, nn.Module):
        layer = layer.double()
        with torch.no_grad():
            for p in layer.parameters():
                p.copy_(torch.randn_like(p).float().double() * 0.5)
            for n, b in layer.named_buffers():
                if n.startswith('running_var'):
                    b.copy_((torch.rand_like(b) + 0.5).float())
                elif b.is_floating_point():
                    b.copy_(b.float() if n.startswith('weight_') else torch.randn_like(b).float())
        for n, v in layer.state_dict().items():
            out[f'{name}/p.{n}'] = v.clone()
    if x.is_floating_point():
        x = x.clone().requires_grad_()
    y = layer(x)
    dy = torch.randn(y.shape).double()
    (y * dy).sum().backward()
    put = last if move else (lambda t: t)
    if x.is_floating_point():
        out[f'{name}/dx'] = put(x.grad)
    out[f'{name}/x'], out[f'{name}/y'], out[f'{name}/dy'] = put(x), put(y), put(dy)
    if isinstance(layer, nn.Module):
        for n, p in layer.named_parameters():
            out[f'{name}/g.{n}'] = p.grad
        for n, b in layer.named_buffers():
            out[f'{name}/s.{n}'] = b.clone()


def upfirdn(x, f, up, down, pad):
    """Zeros between samples, padding or cropping, convolution (flipped kernel), every down-th result."""
    n, c, h, w = x.shape
    z = x.new_zeros(n, c, h * up[0], w * up[1])
    z[:, :, ::up[0], ::up[1]] = x
    z = F.pad(z, [max(p, 0) for p in pad])
    z = z[:, :, max(-pad[2], 0):z.shape[2] - max(-pad[3], 0), max(-pad[0], 0):z.shape[3] - max(-pad[1], 0)]
    kernel = f.flip(0, 1)[None, None].repeat(c, 1, 1, 1)
    return F.conv2d(z, kernel, groups=c)[:, :, ::down[0], ::down[1]]


torch.manual_seed(4)
torch.set_num_threads(1)

case('linear', nn.Linear(7, 5), numbers(3, 7))
case('linear_spectral', spectral_norm(nn.Linear(6, 4)), numbers(3, 6))
case('embedding', nn.Embedding(5, 3), torch.tensor([[0, 4, 4], [2, 1, 0]]), move=False)

case('conv1d', nn.Conv1d(3, 4, 5, stride=2, padding=2), numbers(2, 3, 9))
case('conv2d', nn.Conv2d(3, 5, 3, padding=1), numbers(2, 3, 6, 5))
case('conv2d_half', nn.Conv2d(4, 6, 4, stride=2, padding=1), numbers(2, 4, 8, 6))
case('conv2d_dilated', nn.Conv2d(4, 6, 3, dilation=2, groups=2, bias=False), numbers(1, 4, 7, 6))
case('conv2d_depthwise', nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6), numbers(1, 6, 5, 6))
case('conv2d_odd', nn.Conv2d(2, 3, (3, 1), stride=(2, 1), padding=(1, 0), dilation=(1, 3)), numbers(2, 2, 5, 4))
case('conv2d_reflect', nn.Conv2d(3, 2, 5, padding=2, padding_mode='reflect'), numbers(1, 3, 5, 6))
case('conv2d_replicate', nn.Conv2d(3, 2, 3, padding=2, padding_mode='replicate'), numbers(1, 3, 4, 3))
case('conv2d_circular', nn.Conv2d(3, 2, 3, padding=1, padding_mode='circular'), numbers(1, 3, 4, 5))
case('conv2d_spectral', spectral_norm(nn.Conv2d(3, 4, 3, padding=1)), numbers(1, 3, 4, 4))
case('conv3d', nn.Conv3d(2, 3, (2, 3, 3), stride=(1, 2, 1), padding=(0, 1, 1)), numbers(1, 2, 3, 5, 4))
case('conv_transpose1d', nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1), numbers(2, 3, 5))
case('conv_transpose2d', nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1), numbers(2, 5, 3, 4))
case('conv_transpose2d_output', nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), numbers(1, 4, 4, 3))
case('conv_transpose2d_far', nn.ConvTranspose2d(2, 2, 3, stride=3, padding=0, output_padding=2), numbers(1, 2, 2, 3))
case('conv_transpose2d_groups', nn.ConvTranspose2d(4, 6, 3, stride=2, dilation=2, groups=2, bias=False),
     numbers(1, 4, 3, 2))
case('conv_transpose2d_odd', nn.ConvTranspose2d(2, 3, (2, 3), stride=(1, 3), padding=(0, 1), output_padding=(0, 2)),
     numbers(1, 2, 3, 2))
case('conv_transpose2d_spectral', spectral_norm(nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1)), numbers(1, 3, 2, 2))
case('conv_transpose3d', nn.ConvTranspose3d(2, 2, 2, stride=2), numbers(1, 2, 2, 1, 2))

case('batch_norm', nn.BatchNorm2d(5), numbers(3, 5, 4, 3))
case('batch_norm_plain', nn.BatchNorm1d(4, affine=False, momentum=0.3, eps=1e-3), numbers(6, 4))
case('batch_norm_untracked', nn.BatchNorm2d(3, track_running_stats=False), numbers(2, 3, 3, 3))
case('batch_norm_eval', nn.BatchNorm2d(5).eval(), numbers(2, 5, 3, 3))
case('instance_norm', nn.InstanceNorm2d(4), numbers(2, 4, 4, 3))
case('instance_norm_affine', nn.InstanceNorm2d(3, affine=True), numbers(2, 3, 4, 4))
case('group_norm', nn.GroupNorm(3, 6), numbers(2, 6, 4, 3))
case('layer_norm', nn.LayerNorm(7), numbers(4, 7), move=False)
case('layer_norm_two', nn.LayerNorm([4, 5], eps=1e-3), numbers(2, 3, 4, 5), move=False)


def kinked(*shape):
    """With exact zeros, where activations have their kink."""
    x = numbers(*shape) * 2
    x[torch.rand(shape) < 0.15] = 0
    return x


case('relu', F.relu, kinked(3, 11))
case('leaky_relu', F.leaky_relu, kinked(3, 11))
case('leaky_relu_steep', lambda x: F.leaky_relu(x, 0.2), kinked(3, 11))
case('elu', F.elu, kinked(3, 11))
case('elu_steep', lambda x: F.elu(x, 1.7), kinked(3, 11))
case('silu', F.silu, kinked(3, 11))
case('gelu', F.gelu, kinked(3, 11))
case('gelu_tanh', lambda x: F.gelu(x, approximate='tanh'), kinked(3, 11))
case('softplus', F.softplus, kinked(3, 11))
case('tanh', torch.tanh, kinked(3, 11))
case('sigmoid', torch.sigmoid, kinked(3, 11))
case('softmax', lambda x: F.softmax(x, -1), kinked(3, 5))
case('log_softmax', lambda x: F.log_softmax(x, -1), kinked(3, 5))
case('prelu', nn.PReLU(), kinked(2, 3, 4, 3))
case('prelu_channels', nn.PReLU(3), kinked(2, 3, 4, 3))

few = lambda *shape: (numbers(*shape) * 2).round() / 2  # with equals
case('max_pool', lambda x: F.max_pool2d(x, 2), few(2, 3, 6, 5))
case('max_pool_padded', lambda x: F.max_pool2d(x, 3, 2, 1), few(2, 3, 6, 7))
case('max_pool_ceil', lambda x: F.max_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True), few(1, 3, 6, 7))
case('max_pool_dilated', lambda x: F.max_pool2d(x, 2, 1, 1, dilation=3), few(1, 2, 6, 5))
case('avg_pool', lambda x: F.avg_pool2d(x, 2), numbers(2, 3, 6, 5))
case('avg_pool_padded', lambda x: F.avg_pool2d(x, 3, 2, 1), numbers(1, 3, 6, 7))
case('avg_pool_without', lambda x: F.avg_pool2d(x, (3, 2), 2, 1, count_include_pad=False), numbers(1, 3, 6, 7))
case('avg_pool_ceil', lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), numbers(1, 3, 6, 7))
case('avg_pool_ceil_without', lambda x: F.avg_pool2d(x, 3, 2, 0, ceil_mode=True, count_include_pad=False),
     numbers(1, 3, 6, 7))
case('adaptive_avg_pool', lambda x: F.adaptive_avg_pool2d(x, (3, 2)), numbers(1, 3, 7, 5))
case('global_avg_pool', lambda x: F.adaptive_avg_pool2d(x, 1), numbers(2, 3, 4, 5))
case('global_max_pool', lambda x: F.adaptive_max_pool2d(x, 1), numbers(2, 3, 4, 5))

case('nearest', lambda x: F.interpolate(x, scale_factor=2), numbers(1, 3, 3, 4))
case('nearest_odd', lambda x: F.interpolate(x, size=(5, 3)), numbers(1, 3, 3, 7))
case('bilinear', lambda x: F.interpolate(x, scale_factor=2, mode='bilinear'), numbers(1, 3, 3, 4))
case('bilinear_odd', lambda x: F.interpolate(x, size=(7, 3), mode='bilinear'), numbers(1, 2, 3, 8))
case('bilinear_aligned', lambda x: F.interpolate(x, size=(7, 3), mode='bilinear', align_corners=True),
     numbers(1, 2, 3, 8))
case('bilinear_aligned_one', lambda x: F.interpolate(x, size=(1, 5), mode='bilinear', align_corners=True),
     numbers(1, 2, 3, 4))
case('pad_reflect', lambda x: F.pad(x, (3, 1, 2, 0), mode='reflect'), numbers(1, 2, 3, 4))
case('pad_replicate', lambda x: F.pad(x, (3, -1, 2, 5), mode='replicate'), numbers(1, 2, 3, 4))
case('pad_circular', lambda x: F.pad(x, (4, 1, 2, 0), mode='circular'), numbers(1, 2, 3, 4))
case('pixel_shuffle', lambda x: F.pixel_shuffle(x, 3), numbers(1, 18, 2, 3))
case('pixel_unshuffle', lambda x: F.pixel_unshuffle(x, 2), numbers(1, 3, 4, 6))

f = torch.tensor([1.0, 3.0, 3.0, 1.0]).double() / 8
skew = torch.tensor([0.5, -1.25, 2.0]).double()
any_filter = torch.tensor([[0.5, 1.0, 0.0, -1.0], [0.25, 2.0, 1.0, 0.0]]).double()
case('upfirdn_up', lambda x: upfirdn(x, 4 * torch.outer(f, f), (2, 2), (1, 1), (2, 1, 2, 1)), numbers(1, 3, 3, 4))
case('upfirdn_down', lambda x: upfirdn(x, torch.outer(f, f), (1, 1), (2, 2), (1, 1, 1, 1)), numbers(1, 3, 6, 8))
case('upfirdn_odd', lambda x: upfirdn(x, torch.outer(skew, skew), (3, 1), (2, 1), (-1, 4, 2, -3)), numbers(1, 2, 4, 5))
case('upfirdn_full', lambda x: upfirdn(x, any_filter, (1, 2), (1, 1), (1, 2, 1, 0)), numbers(1, 2, 4, 3))


def save(path, tensors):
    header, data = {}, b''
    for name, t in sorted(tensors.items()):
        whole = not t.is_floating_point()
        raw = t.detach().contiguous().numpy().astype('<i8' if whole else '<f4').tobytes()
        header[name] = dict(dtype='I64' if whole else 'F32', shape=list(t.shape),
                            data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as out_file:
        out_file.write(struct.pack('<Q', len(text)) + text + data)


save(sys.argv[1], out)
