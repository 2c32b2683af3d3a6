"""Makes torch_vae.safetensors: a small classic VAE trained by PyTorch for ten Adam steps on fed noise.

  python3 make_torch_vectors.py torch_vae.safetensors

Debian: apt-get install python3-torch. The file holds the weights before ("before.*", as the network's own
state dict names them) and after ("after.*"), the pictures [10,8,36], the noise [10,8,4], and of each
step loss, reconstruction and kl (sums over pixels, means over the batch)."""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from torch_file import save

PIXELS, HIDDEN, LATENT, BATCH, STEPS = 36, 16, 4, 8, 10


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(PIXELS, HIDDEN), nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.fc3, self.fc4 = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, PIXELS)

    def forward(self, x, noise):
        h = F.relu(self.fc1(x))
        mean, logvar = self.fc21(h), self.fc22(h)
        y = torch.sigmoid(self.fc4(F.relu(self.fc3(mean + noise * torch.exp(0.5 * logvar)))))
        reconstruction = F.binary_cross_entropy(y, x, reduction='sum') / len(x)
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp()) / len(x)
        return reconstruction, kl


torch.manual_seed(1)
torch.set_num_threads(1)
net = VAE()
out = {'before.' + k: v.clone() for k, v in net.state_dict().items()}
images, noise = torch.rand(STEPS, BATCH, PIXELS), torch.randn(STEPS, BATCH, LATENT)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
losses = []
for x, e in zip(images, noise):
    optimizer.zero_grad()
    reconstruction, kl = net(x, e)
    (reconstruction + kl).backward()
    optimizer.step()
    losses.append([(reconstruction + kl).item(), reconstruction.item(), kl.item()])
out.update({'after.' + k: v for k, v in net.state_dict().items()})
out.update(images=images, noise=noise, losses=torch.tensor(losses))
save(sys.argv[1], out)
