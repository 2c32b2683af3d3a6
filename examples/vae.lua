-- Trains a variational autoencoder on pictures and writes a grid of new ones:
--
--   lua vae.lua photos/ new.png        (a folder, an IDX file, or home-designs)
local aigc = require "aigc"

local function show(progress)
    local loss = progress.metrics.loss
    if progress.step == progress.steps and loss then
        print(string.format("epoch %d: loss %.1f nats per image", progress.epoch, loss))
    end -- a true answer stops the training
end

local function main(pictures_path, output)
    local pictures = aigc.dataset.auto(pictures_path or "home-designs")
    local model = aigc.model.create("vae")
    model:train(pictures, {epochs = 3, output = "vae.safetensors", progress = show})
    aigc.save_grid(model:generate(), output or "new.png")
end

local ok, message = pcall(main, ...)
if not ok then
    io.stderr:write(message, "\n")
    os.exit(1)
end
