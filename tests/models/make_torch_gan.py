"""Makes torch_gan.safetensors: small GANs trained by PyTorch for a few Adam steps on fed latents.

  python3 make_torch_gan.py torch_gan.safetensors

Debian: apt-get install python3-torch. For each case "<case>.before.*" and "<case>.after.*" are the networks' state
dicts, "<case>.images" [steps,n,H,W,C] in 0..1 and "<case>.latents" [steps,2,n,z] what they learned from, and
"<case>.numbers" [steps,4] the discriminator's loss, the means of the sigmoids of its logits on real and made pictures,
and the generator's loss. The discriminator learns first, then the generator. "<case>.decoded" is what the generator,
in evaluation, makes of the first latents in the end, in 0..1."""
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

from torch_file import save

STEPS, BATCH, LATENT, WIDTH, SIDE = 4, 4, 6, 4, 16


def dcgan_generator(channels):
    """16 x 16: two doublings from 4 x 4, as PyTorch's example has four."""
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT, 2 * WIDTH, 4, 1, 0, bias=False), nn.BatchNorm2d(2 * WIDTH), nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, channels, 4, 2, 1, bias=False), nn.Tanh())


class DCGAN(nn.Module):
    def __init__(self, main):
        super().__init__()
        self.main = main

    def forward(self, x):
        return self.main(x)


class Judge(nn.Module):
    """The norm's place in the numbering stays where there is none."""

    def __init__(self, channels, norm, wrap=lambda m: m):
        super().__init__()
        self.main = nn.ModuleDict({'0': wrap(nn.Conv2d(channels, WIDTH, 4, 2, 1, bias=not norm)),
                                   '2': wrap(nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1, bias=not norm)),
                                   '5': wrap(nn.Conv2d(2 * WIDTH, 1, 4, 1, 0, bias=not norm))})
        if norm:
            self.main['3'] = nn.BatchNorm2d(2 * WIDTH)

    def forward(self, x):
        h = F.leaky_relu(self.main['0'](x), 0.2)
        h = self.main['2'](h)
        if '3' in self.main:
            h = self.main['3'](h)
        return self.main['5'](F.leaky_relu(h, 0.2)).flatten(1)


class Layers(nn.Module):
    """Linear layers; the discriminator's last one is by itself."""

    def __init__(self, sizes, last):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        if last:
            self.linear = nn.Linear(sizes[-1], 1)

    def forward(self, x):
        h = x.flatten(1)
        for k, layer in enumerate(self.layers):
            is_end = not hasattr(self, 'linear') and k + 1 == len(self.layers)
            h = torch.tanh(layer(h)) if is_end else F.leaky_relu(layer(h), 0.2)
        return self.linear(h) if hasattr(self, 'linear') else h


def logistic(r, f):
    return F.softplus(-r).mean() + F.softplus(f).mean(), lambda r, f: F.softplus(-f).mean()


def least_squares(r, f):
    return (r - 1).square().mean() / 2 + f.square().mean() / 2, lambda r, f: (f - 1).square().mean() / 2


def hinge(r, f):
    return F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda r, f: -f.mean()


def relativistic(r, f):
    return F.softplus(f - r).mean(), lambda r, f: F.softplus(r - f).mean()


def slope(D, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(D(x).sum(), x, create_graph=True)[0].flatten(1).square().sum(1).mean()


def run(name, G, D, loss, shape, r1=0, r2=0, lazy=1, flat=False):
    for m in list(G.modules()) + list(D.modules()):
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_((m.weight_orig if hasattr(m, 'weight_orig') else m.weight).data, 0, 0.2)
    images, latents, numbers = torch.rand(STEPS, BATCH, *shape), torch.randn(STEPS, 2, BATCH, LATENT), []
    out[name + '.images'], out[name + '.latents'] = images.permute(0, 1, 3, 4, 2), latents
    for net, part in ((G, 'generator.'), (D, 'discriminator.')):
        out.update({name + '.before.' + part + k: v.clone().float() for k, v in net.state_dict().items()})
    og, od = (torch.optim.Adam(m.parameters(), 2e-4, betas=(0.5, 0.999)) for m in (G, D))
    for step, (x, z) in enumerate(zip(images, latents)):
        code = (lambda v: v) if flat else (lambda v: v[:, :, None, None])
        real, fake = 2 * x - 1, G(code(z[0])).detach()
        r, f = D(real), D(fake)
        ld, lg = loss(r, f)
        goal = ld
        if step % lazy == 0 and r1 + r2 > 0:
            goal = goal + lazy * (r1 / 2 * slope(D, real) + r2 / 2 * slope(D, fake))
        od.zero_grad()
        goal.backward()
        od.step()
        on_real = D(real) if loss is relativistic else None
        g = lg(on_real, D(G(code(z[1]))))
        og.zero_grad()
        g.backward()
        og.step()
        numbers.append([ld.item(), torch.sigmoid(r).mean().item(), torch.sigmoid(f).mean().item(), g.item()])
    for net, part in ((G, 'generator.'), (D, 'discriminator.')):
        out.update({name + '.after.' + part + k: v.clone().float() for k, v in net.state_dict().items()})
    out[name + '.numbers'] = torch.tensor(numbers)
    made = G.eval()(code(latents[0, 0])).reshape(BATCH, *shape)
    out[name + '.decoded'] = (made.permute(0, 2, 3, 1) + 1) / 2


torch.manual_seed(3)
torch.set_num_threads(1)
out = {}
run('plain', DCGAN(dcgan_generator(3)), Judge(3, True), logistic, (3, SIDE, SIDE))
run('slopes', DCGAN(dcgan_generator(1)), Judge(1, False), least_squares, (1, SIDE, SIDE), r1=1, r2=0.5, lazy=2)
run('spectral', DCGAN(dcgan_generator(1)), Judge(1, False, spectral_norm), hinge, (1, SIDE, SIDE))
run('layers', Layers([LATENT, 10, 7, 12], False), Layers([12, 7, 10], True), relativistic, (1, 3, 4), r1=0.3, flat=True)
save(sys.argv[1], out)
