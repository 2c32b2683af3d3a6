"""Other people's arrays as tensors and tensors as theirs: which memory is shared, which copied, what is refused."""

import array
import gc
import pickle
import struct
import sys
import unittest
from ctypes import c_float

from support import Case, aigc, main, optional, run_python

numpy, torch, pil = optional("numpy"), optional("torch"), optional("PIL")


class Tensors(Case):
    def test_lists_become_tensors_of_whole_or_broken_numbers(self):
        x = aigc.tensor([[1, 2, 3], [4, 5, 6]])
        self.assertEqual((x.shape, x.dtype, x.ndim, x.nbytes, len(x)), ((2, 3), "i64", 2, 48, 2))
        self.assertEqual(x.tolist(), [[1, 2, 3], [4, 5, 6]])
        self.assertEqual(aigc.tensor([0.5, 1]).dtype, "f32")
        self.assertEqual(aigc.tensor(3).tolist(), 3)
        self.assertEqual(aigc.tensor([1, 2], dtype="f32").tolist(), [1.0, 2.0])

    def test_ragged_and_wrong_lists_are_refused(self):
        for wrong in ([[1, 2], [3]], [[1], 2], ["a"], [None], [2**70], {}, {1}, object()):
            with self.assertRaises(aigc.ArgumentError):
                aigc.tensor(wrong)

    def test_rows_slices_and_numbers(self):
        x = aigc.tensor([[1, 2, 3], [4, 5, 6]])
        self.assertEqual((x[1].tolist(), x[-1, -1], x[0, 1:].tolist()), ([4, 5, 6], 6, [2, 3]))
        self.assertEqual((x[:1].tolist(), x[5:].shape, x[-1:].tolist()), ([[1, 2, 3]], (0, 3), [[4, 5, 6]]))
        self.assertEqual([row.tolist() for row in x], x.tolist())
        for key, error in (
            (2, IndexError),
            (-3, IndexError),
            ((0, 0, 0), IndexError),
            ("a", ValueError),
            (slice(0, 2, 2), ValueError),
            ((slice(0, 1), 0), ValueError),
        ):
            with self.assertRaises(error):
                x[key]

    def test_rows_share_the_memory(self):
        x = aigc.zeros((2, 3), dtype="i32")
        x[0][1] = 7
        x[1] = [1, 2, 3]
        x[1, 2] = -9
        self.assertEqual(x.tolist(), [[0, 7, 0], [1, 2, -9]])
        x[:] = 5
        self.assertEqual(x.tolist(), [[5, 5, 5]] * 2)
        row = x[0]
        x.close()
        gc.collect()
        self.assertEqual(row.tolist(), [5, 5, 5])

    def test_what_does_not_fit_is_not_assigned(self):
        x = aigc.zeros((2, 3), dtype="u8")
        for key, value in ((0, [1, 2]), (0, [[1, 2, 3]]), (0, 300), (0, 1.5), (0, "a")):
            with self.assertRaises(aigc.ArgumentError):
                x[key] = value
        self.assertEqual(bytes(x), bytes(6))

    def test_reshape(self):
        x = aigc.tensor(list(range(12)))
        self.assertEqual(x.reshape(3, -1).shape, (3, 4))
        self.assertEqual(x.reshape((2, 6))[1].tolist(), list(range(6, 12)))
        self.assertEqual(x.reshape(-1).tolist(), x.tolist())
        for wrong in ((5, 2), (-1, -1), (7, -1), (), ("a",), (-12,)):
            with self.assertRaises(aigc.ArgumentError):
                x.reshape(*wrong)

    def test_empty_tensors(self):
        x = aigc.zeros((2, 0, 3))
        self.assertEqual((x.tolist(), bytes(x), x.nbytes), ([[], []], b"", 0))
        self.assertEqual(aigc.tensor([]).shape, (0,))
        self.assertEqual(x.memoryview().nbytes, 0)

    def test_every_element_type_holds_and_gives_numbers(self):
        for dtype in ("f32", "f16", "bf16", "u8", "i32", "i64"):
            x = aigc.zeros(3, dtype=dtype)
            x[0], x[2] = 1, 3
            self.assertEqual(x.tolist(), [1, 0, 3], dtype)
            self.assertEqual(x.astype("i64").tolist() if dtype != "u8" else [1, 0, 3], [1, 0, 3], dtype)
            self.assertEqual(pickle.loads(pickle.dumps(x)).tolist(), [1, 0, 3])
        y = aigc.zeros(3, dtype="bf16")
        y[:] = 1.00390625 * 0.1
        self.assertEqual(y.tolist(), aigc.tensor([1.00390625 * 0.1] * 3).astype("bf16").tolist())

    def test_wrong_types_and_shapes_are_refused(self):
        for call in (
            lambda: aigc.zeros(3, dtype="f64"),
            lambda: aigc.zeros((1,) * 7),
            lambda: aigc.zeros((-1,)),
            lambda: aigc.zeros(2**70),
            lambda: aigc.zeros("ab"),
            lambda: aigc.zeros(3).astype("int"),
            lambda: aigc.zeros(3).item(),
        ):
            with self.assertRaises(aigc.ArgumentError):
                call()
        self.assertEqual(aigc.zeros((1, 1)).item(), 0)

    def test_files(self):
        x = aigc.tensor([[1.5, 2], [3, 4]])
        for name in ("x.npy", "x.safetensors"):
            x.save(self.path(name), "part" if "safe" in name else None)
            self.assertEqual(aigc.read_tensor(self.path(name)).tolist(), x.tolist())
        self.assertEqual(aigc.read_tensor(self.path("x.safetensors"), "part").tolist(), x.tolist())
        with self.assertRaises(aigc.NotFoundError):
            aigc.read_tensor(self.path("x.safetensors"), "other")
        with self.assertRaises(OSError):
            aigc.read_tensor(self.path("none.npy"))


class Buffers(Case):
    def test_writable_buffers_are_shared(self):
        data = bytearray(b"abc")
        x = aigc.tensor(data, copy=False)
        x[0] = ord("z")
        self.assertEqual((x.dtype, data), ("u8", bytearray(b"zbc")))
        with self.assertRaises(BufferError):
            data.append(0)
        x.close()
        data.append(0)

    def test_the_memory_of_a_freed_buffer_stays(self):
        x = aigc.tensor(array.array("f", range(1000)), copy=False)
        gc.collect()
        waste = [bytearray(4000) for _ in range(50)]
        self.assertEqual(x.tolist(), list(range(1000)))
        del waste

    def test_read_only_memory_is_copied(self):
        self.assertEqual(aigc.tensor(b"abc").tolist(), [97, 98, 99])
        with self.assertRaisesRegex(aigc.UnsupportedError, "read-only"):
            aigc.tensor(b"abc", copy=False)

    def test_strides_are_followed(self):
        every_other = memoryview(bytearray(range(10)))[1::2]
        self.assertEqual(aigc.tensor(every_other).tolist(), [1, 3, 5, 7, 9])
        self.assertEqual(aigc.tensor(every_other[::-1]).tolist(), [9, 7, 5, 3, 1])
        with self.assertRaisesRegex(aigc.UnsupportedError, "dense"):
            aigc.tensor(every_other, copy=False)

    def test_types_that_tensors_lack_become_the_nearest(self):
        for code, dtype in (
            ("d", "f32"),
            ("b", "i32"),
            ("h", "i32"),
            ("H", "i32"),
            ("I", "i64"),
            ("B", "u8"),
            ("i", "i32"),
            ("q", "i64"),
        ):
            x = aigc.tensor(array.array(code, [1, 2]))
            self.assertEqual((x.dtype, x.tolist()), (dtype, [1, 2]), code)

    def test_unaligned_memory_is_copied(self):
        data = bytearray(13)
        data[1:] = struct.pack("=3f", 1, 2, 3)

        class Odd:
            __array_interface__ = {"version": 3, "shape": (3,), "typestr": "<f4", "data": data, "offset": 1}

        self.assertEqual(aigc.tensor(Odd()).tolist(), [1, 2, 3])
        with self.assertRaisesRegex(aigc.UnsupportedError, "aligned"):
            aigc.tensor(Odd(), copy=False)

    def test_ctypes_arrays(self):
        numbers = (c_float * 2 * 2)()
        aigc.tensor(numbers, copy=False)[1, 0] = 5
        self.assertEqual(numbers[1][0], 5)

    def test_tensors_are_buffers(self):
        x = aigc.tensor([[1.0, 2.0], [3.0, 4.0]])
        view = x.memoryview()
        self.assertEqual((view.shape, view.format, view.tolist()), ((2, 2), "f", x.tolist()))
        view[1, 1] = 9
        self.assertEqual((x[1, 1], bytes(x)), (9, struct.pack("=4f", 1, 2, 3, 9)))
        x.close()
        del x
        gc.collect()
        self.assertEqual(view[1, 1], 9)
        if sys.version_info >= (3, 12):
            self.assertEqual(memoryview(aigc.tensor([1, 2])).tolist(), [1, 2])

    def test_copy_true_always_copies(self):
        data = bytearray(2)
        aigc.tensor(data, copy=True)[0] = 1
        x = aigc.tensor([1, 2])
        aigc.tensor(x, copy=True)[0] = 5
        self.assertEqual((data[0], x[0], aigc.tensor(x) is x), (0, 1, True))

    def test_strange_arrays_are_refused(self):
        class Liar:
            def __init__(self, **interface):
                self.__array_interface__ = interface

        for wrong in (
            Liar(version=3, shape=(2,), typestr="<c8", data=bytearray(16)),
            (
                memoryview(b"ab").cast("c")[0:0].cast("B")[:0:-1]
                if 0
                else Liar(version=3, shape=(2,), typestr="nonsense", data=bytearray(16))
            ),
            Liar(shape=(1,) * 9, typestr="|u1", data=bytearray(1)),
        ):
            with self.assertRaises(aigc.AigcError):
                aigc.tensor(wrong)

    def test_arrays_in_a_list_are_stacked(self):
        x = aigc.tensor([bytearray(b"ab"), b"cd"])
        self.assertEqual((x.shape, x.dtype, bytes(x)), ((2, 2), "u8", b"abcd"))
        with self.assertRaises(aigc.ArgumentError):
            aigc.tensor([b"ab", b"c"])


class Capsules(Case):
    def test_tensors_travel_by_dlpack_without_copying(self):
        for version in (None, (0, 8), (1, 0), (1, 1)):

            class Relay:
                def __dlpack__(self, **named):
                    return x.__dlpack__(max_version=version)

            x = aigc.tensor([[1, 2], [3, 4]])
            y = aigc.from_dlpack(Relay(), copy=False)
            y[0, 0] = 9
            self.assertEqual((x.__dlpack_device__(), x[0, 0], y.tolist()), ((1, 0), 9, [[9, 2], [3, 4]]))
            x.close()
            self.assertEqual(y[0, 0], 9)

    def test_capsules_nobody_takes_are_freed(self):
        context = aigc.Context(threads=1)
        x = aigc.zeros((100, 100), context=context)
        before = context.memory()[0]
        for version in (None, (1, 0)):
            for _ in range(10):
                x.__dlpack__(max_version=version)
        self.assertEqual(context.memory()[0], before)

    def test_a_capsule_serves_once(self):
        capsule = aigc.zeros(3).__dlpack__()

        class Relay:
            def __dlpack__(self, **named):
                return capsule

        aigc.from_dlpack(Relay())
        with self.assertRaises(TypeError):
            aigc.from_dlpack(Relay())

    def test_other_devices_and_streams_are_refused(self):
        x = aigc.zeros(3)
        for named in ({"stream": 1}, {"dl_device": (2, 0)}):
            with self.assertRaises(BufferError):
                x.__dlpack__(**named)


@unittest.skipUnless(numpy, "NumPy is not installed")
class NumPy(Case):
    def test_arrays_are_shared_both_ways(self):
        a = numpy.zeros((2, 3), "f4")
        x = aigc.tensor(a, copy=False)
        x[1, 2] = 5
        b = x.numpy()
        b[0, 0] = 7
        self.assertEqual((a[1, 2], a[0, 0], b.dtype, numpy.asarray(x).shape), (5, 7, numpy.float32, (2, 3)))

    def test_an_array_outlives_its_tensor(self):
        x = aigc.tensor([1.0, 2.0])
        a = numpy.asarray(x)
        x.close()
        del x
        gc.collect()
        waste = [aigc.zeros(2) for _ in range(50)]
        self.assertEqual(a.tolist(), [1, 2])
        del waste

    def test_all_layouts_and_types(self):
        base = numpy.arange(24).reshape(2, 3, 4)
        for a in (
            base,
            base.T,
            base[:, ::-1],
            base[::2, 1:, ::3],
            numpy.asfortranarray(base),
            base[0, 0, 0],
            numpy.broadcast_to(base[0], (2, 3, 4)),
        ):
            for dtype in (
                "f4",
                ">f4",
                "f8",
                ">f8",
                "f2",
                "u1",
                "i1",
                "i2",
                ">i2",
                "u2",
                "i4",
                "u4",
                "i8",
                ">i8",
                "u8",
                "?",
            ):
                b = a.astype(dtype)
                self.assertEqual(aigc.tensor(b).tolist(), b.astype(float).tolist(), (dtype, a.strides))

    def test_read_only_and_strange_arrays(self):
        a = numpy.zeros(3, "f4")
        a.flags.writeable = False
        with self.assertRaisesRegex(aigc.UnsupportedError, "read-only"):
            aigc.tensor(a, copy=False)
        for wrong in (
            numpy.zeros(2, "c8"),
            numpy.array(["a"]),
            numpy.array([object()]),
            numpy.zeros(2, "M8[s]"),
            numpy.zeros(1, [("a", "f4")]),
            numpy.array([2**64 - 1], "u8"),
        ):
            with self.assertRaises(aigc.AigcError):
                aigc.tensor(wrong)

    def test_bf16_arrives_as_f32(self):
        self.assertEqual(aigc.tensor([1.5]).astype("bf16").numpy().tolist(), [1.5])

    def test_scalars_are_options(self):
        model = aigc.Model.create(
            "vae",
            latent_dim=numpy.int32(3),
            height=numpy.int64(8),
            width=8,
            channels=1,
            sigma=numpy.float32(0.5),
            loss="mse",
            conditional=numpy.bool_(False),
        )
        self.assertEqual((model.options["latent_dim"], model.options["sigma"]), (3, 0.5))
        self.assertEqual(model.generate(numpy.int64(2), temperature=numpy.float64(0.5)).shape, (2, 8, 8, 1))

    def test_numpy_reads_dlpack(self):
        if hasattr(numpy, "from_dlpack"):
            self.assertEqual(numpy.from_dlpack(aigc.tensor([1, 2])).tolist(), [1, 2])
        self.assertEqual(aigc.from_dlpack(numpy.array([1.0, 2.0], "f4")).tolist(), [1, 2])


@unittest.skipUnless(torch, "PyTorch is not installed")
class PyTorch(Case):
    def test_tensors_are_shared_both_ways(self):
        t = torch.zeros(2, 3)
        x = aigc.tensor(t, copy=False)
        x[0, 1] = 4
        back = torch.from_dlpack(x)
        back[1, 2] = 5
        self.assertEqual((t[0, 1].item(), t[1, 2].item()), (4, 5))
        del t, x
        gc.collect()
        self.assertEqual(back.sum().item(), 9)

    def test_transposed_and_half_tensors(self):
        t = torch.arange(6.0).reshape(2, 3).t()
        self.assertEqual(aigc.tensor(t).tolist(), t.tolist())
        self.assertEqual(aigc.tensor(t.to(torch.bfloat16)).dtype, "bf16")
        with self.assertRaises(aigc.UnsupportedError):
            aigc.from_dlpack(t, copy=False)


@unittest.skipUnless(pil, "Pillow is not installed")
class Pillow(Case):
    def test_pictures_are_arrays_both_ways(self):
        from PIL import Image

        picture = Image.new("RGB", (5, 4), (1, 2, 3))
        x = aigc.tensor(picture)
        self.assertEqual((x.shape, x.dtype, x[3, 4].tolist()), ((4, 5, 3), "u8", [1, 2, 3]))
        aigc.save_image(picture, self.path("p.png"))
        self.assertEqual(Image.open(self.path("p.png")).getpixel((4, 3)), (1, 2, 3))
        self.assertEqual(Image.fromarray(x.numpy() if numpy else x).size, (5, 4))


class Absent(Case):
    def test_numpy_is_not_imported_by_us(self):
        status, text = run_python(
            "aigc.tensor([1.0]).tolist(); trained_model().generate(2)\n"
            "print('numpy' in sys.modules and sys.modules['numpy'] is not None)"
        )
        self.assertEqual((status, text.split()[-1]), (0, "False"), text)


if __name__ == "__main__":
    main()
