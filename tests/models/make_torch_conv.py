"""Makes torch_conv.safetensors: a small convolutional VAE trained by PyTorch for three Adam steps on fed noise.

  python3 make_torch_conv.py torch_conv.safetensors

Debian: apt-get install python3-torch. PyTorch computes in double. The file holds the weights and running statistics
before ("before.*") and after ("after.*"), the pictures [3,4,11,9,3] (channels last), labels [3,4], the noise
[3,4,5], of each step loss, reconstruction and kl, and what the network in eval mode makes of the first pictures
after the steps: "mean" and "decoded". ConvVAE is the module of docs/from-pytorch.md."""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from torch_file import save


class ConvVAE(nn.Module):
    def __init__(self, height, width, channels, widths=(32, 64, 128, 256), latent_dim=64, classes=0):
        super().__init__()
        sides = [(height, width)]
        for w in widths:
            sides.append(tuple(max(side // 2, 1) for side in sides[-1]))
            if max(sides[-1]) <= 4:
                break
        self.widths, self.sides, self.classes = [channels, *widths[:len(sides) - 1]], sides, classes
        stages, (h, w), last = len(sides) - 1, sides[-1], self.widths[len(sides) - 1]
        encoder, decoder = [], [nn.Linear(latent_dim + classes, last * h * w), nn.Unflatten(1, (last, h, w))]
        for k in range(stages):
            encoder += [nn.Conv2d(self.widths[k], self.widths[k + 1], *self.halving(k), bias=False),
                        nn.BatchNorm2d(self.widths[k + 1]), nn.SiLU()]
        for k in reversed(range(stages)):
            kernel = tuple(3 if side > 1 else 1 for side in sides[k])
            decoder += [nn.BatchNorm2d(self.widths[k + 1]), nn.SiLU(), nn.Upsample(sides[k]),
                        nn.Conv2d(self.widths[k + 1], self.widths[k], kernel, padding='same', bias=k == 0)]
        self.encoder, self.decoder = nn.Sequential(*encoder, nn.Flatten()), nn.Sequential(*decoder)
        self.mean = nn.Linear(last * h * w + classes, latent_dim)
        self.log_variance = nn.Linear(last * h * w + classes, latent_dim)

    def halving(self, k):
        """Kernel, stride and padding; an axis of a single pixel stays as it is."""
        return zip(*((4, 2, 1) if side > 1 else (1, 1, 0) for side in self.sides[k]))

    def with_class(self, x, labels):
        return torch.cat([x, F.one_hot(labels, self.classes).to(x.dtype)], 1) if self.classes else x

    def encode(self, x, labels=None):
        h = self.with_class(self.encoder(x), labels)
        return self.mean(h), self.log_variance(h)

    def decode(self, z, labels=None):
        """Logits; the picture is their sigmoid."""
        return self.decoder(self.with_class(z, labels))


def main(path):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    steps, batch, latent = 3, 4, 5
    net = ConvVAE(11, 9, 3, (4, 6, 8), latent, 2).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(p.float())
    out = {'before.' + k: v.clone() for k, v in net.state_dict().items()}
    images = torch.rand(steps, batch, 3, 11, 9).double()
    noise, labels = torch.randn(steps, batch, latent).double(), torch.randint(2, (steps, batch))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for x, e, c in zip(images, noise, labels):
        optimizer.zero_grad()
        mean, log_variance = net.encode(x, c)
        logits = net.decode(mean + e * torch.exp(0.5 * log_variance), c)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction='sum') / batch
        kl = 0.5 * torch.sum(mean ** 2 + log_variance.exp() - log_variance - 1) / batch
        (reconstruction + kl).backward()
        optimizer.step()
        losses.append([(reconstruction + kl).item(), reconstruction.item(), kl.item()])
    out.update({'after.' + k: v.clone() for k, v in net.state_dict().items()})
    net.eval()
    mean = net.encode(images[0], labels[0])[0]
    decoded = torch.sigmoid(net.decode(mean, labels[0]))
    out.update(images=images.movedim(2, -1), noise=noise, labels=labels, losses=torch.tensor(losses), mean=mean,
               decoded=decoded.movedim(1, -1))
    save(path, out)


if __name__ == '__main__':
    main(sys.argv[1])
