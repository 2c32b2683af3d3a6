-- Trains a generative adversarial network on pictures and writes a grid of new ones:
--
--   lua gan.lua photos/ new.png 30     (a folder, an IDX file, or home-designs; the grid; epochs)
local aigc = require "aigc"

local function show(progress)
    local m = progress.metrics
    if progress.step == progress.steps and m.loss_d then
        print(string.format("epoch %d: loss_d %.2f real_score %.2f fake_score %.2f loss_g %.2f", progress.epoch,
            m.loss_d, m.real_score, m.fake_score, m.loss_g))
    end -- a true answer stops the training
end

local function main(pictures_path, output, epochs)
    local pictures = aigc.dataset.auto(pictures_path or "home-designs")
    local model = aigc.model.create("gan", {generator_width = 16, discriminator_width = 16})
    model:train(pictures, {epochs = epochs or 10, output = "gan.safetensors", progress = show})
    aigc.save_grid(model:generate{n = 64}, output or "new.png")
end

local ok, message = pcall(main, ...)
if not ok then
    io.stderr:write(message, "\n")
    os.exit(1)
end
