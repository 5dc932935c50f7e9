# SPDX-License-Identifier: Apache-2.0
"""The peers that run through PyTorch. None of them is part of kvroof: what is not installed is unavailable, and says why.

A peer is made for a shape, queries and caches (timing.make_caches) and has `launches`, a function per cache that returns
the output [batch, query_heads, head_dim]; `cache`, what the first of them reads, in the type it is stored in;
`bytes_per_element` of it; and `tolerance`, the largest error as a share of the largest output.
"""
import importlib

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


class Unavailable(Exception):
    """Why a peer cannot run here."""


def need(module):
    try:
        return importlib.import_module(module)
    except Exception as error:  # a broken installation raises anything
        raise Unavailable(f"{module} cannot be imported: {str(error).strip().splitlines()[0][:160]}") from error


class Peer:
    bytes_per_element = 2
    tolerance = 5e-3

    def __init__(self, shape, query, caches):
        self.shape, self.query, self.cache = shape, query, caches[0]
        self.launches = [self.launch_of(*cache) for cache in caches]


class Sdpa(Peer):
    """PyTorch's scaled_dot_product_attention; the heads of a group by enable_gqa, or as positions of one query."""

    backend, folded = None, False

    def launch_of(self, keys, values):
        shape = self.shape
        if self.folded:
            query = self.query.view(shape.batch, shape.kv_heads, -1, shape.head_dim)
        else:
            query = self.query.unsqueeze(2)

        def launch():
            with sdpa_kernel(self.backend):
                output = torch.nn.functional.scaled_dot_product_attention(
                    query, keys, values, enable_gqa=not self.folded)
            return output.reshape(self.query.shape)

        return launch


class SdpaFlash(Sdpa):
    name, backend = "sdpa-flash-gqa", SDPBackend.FLASH_ATTENTION


class SdpaFlashFolded(SdpaFlash):
    name, folded = "sdpa-flash-folded", True


class SdpaCudnn(Sdpa):
    name, backend = "sdpa-cudnn-gqa", SDPBackend.CUDNN_ATTENTION


class SdpaCudnnFolded(SdpaCudnn):
    name, folded = "sdpa-cudnn-folded", True


class FlashInfer(Peer):
    """FlashInfer's paged batch decode on tensor cores, pages of 64 tokens in order."""

    name, page, kv_type = "flashinfer-f16", 64, torch.float16

    def __init__(self, shape, query, caches):
        flashinfer = need("flashinfer")
        pages = shape.kv_len // self.page
        if shape.kv_len % self.page:
            raise Unavailable(f"kv_len must be a multiple of {self.page} here")
        ints = lambda values: values.to(device="cuda", dtype=torch.int32)
        workspace = torch.zeros(256 << 20, dtype=torch.uint8, device="cuda")
        self.wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(workspace, "HND", use_tensor_cores=True,
                                                                     backend="fa2")
        self.wrapper.plan(
            ints(torch.arange(shape.batch + 1) * pages), ints(torch.arange(shape.batch * pages)),
            ints(torch.full((shape.batch,), self.page)), shape.query_heads, shape.kv_heads, shape.head_dim, self.page,
            q_data_type=torch.float16, kv_data_type=self.kv_type)
        super().__init__(shape, query, [(keys.to(self.kv_type), values.to(self.kv_type)) for keys, values in caches])

    def paged(self, rows):
        shape = self.shape
        rows = rows.view(shape.batch, shape.kv_heads, -1, self.page, shape.head_dim)
        return rows.transpose(1, 2).contiguous().view(-1, shape.kv_heads, self.page, shape.head_dim)

    def launch_of(self, keys, values):
        cache = (self.paged(keys), self.paged(values))
        output = torch.empty_like(self.query)
        return lambda: self.wrapper.run(self.query, cache, out=output)


class FlashInferFp8(FlashInfer):
    name, kv_type, bytes_per_element = "flashinfer-fp8", torch.float8_e4m3fn, 1


class FlashAttention3(Peer):
    """flash_attn_with_kvcache of FlashAttention-3; splits and packing of the group are its own choice."""

    name = "flash-attention-3"

    def __init__(self, shape, query, caches):
        self.attend = need("flash_attn_interface").flash_attn_with_kvcache
        super().__init__(shape, query, caches)

    def launch_of(self, keys, values):
        query = self.query.unsqueeze(1)
        keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        return lambda: self.attend(query, keys, values).view(self.query.shape)


class Mustafar(Peer):
    """Mustafar's own kernels with its own compression: key product, softmax, value product, as its model calls them,
    over a cache without a dense window. Rows keep the largest magnitudes, as many as its rule keeps."""

    sparsity, tolerance = None, 2e-2  # scores in f16

    def __init__(self, shape, query, caches):
        self.kernels, self.compression = need("mustafar_package"), need("kernel.compression")
        if shape.head_dim != 128 or shape.kv_len % 256:
            raise Unavailable("its kernels need head_dim 128 and a kv_len that is a multiple of 256")
        self.workspace = torch.zeros(1, dtype=torch.float16, device="cuda")
        super().__init__(shape, query, [(self.prune(keys), self.prune(values)) for keys, values in caches])

    def prune(self, rows):
        pruned = int(self.sparsity * rows.shape[-1])
        threshold = rows.abs().kthvalue(pruned, dim=-1, keepdim=True).values
        return torch.where(rows.abs() >= threshold, rows, 0)

    def compress(self, convert, rows):
        """Bitmaps, payload, offsets of tiles, and where in the payload each kv head begins."""
        bitmaps, offsets, payloads = convert(rows.reshape(-1, self.shape.kv_len, self.shape.head_dim))
        ends = offsets[:, -1].div(4, rounding_mode="floor").cumsum(0)
        starts = torch.cat([ends.new_zeros(1), ends[:-1]]).int()
        return bitmaps, torch.cat(payloads), offsets, starts

    def launch_of(self, keys, values):
        shape = self.shape
        heads, group = shape.batch * shape.query_heads, shape.query_heads // shape.kv_heads
        key_tiles = self.compress(self.compression.convert_key_batched, keys)
        value_tiles = self.compress(self.compression.convert_value_batched, values)
        pad = lambda rows: torch.nn.functional.pad(rows.view(heads, 1, -1), (0, 0, 0, 7)).contiguous()

        def launch():
            scores = self.kernels.mustafar_key_formulation(*key_tiles, pad(self.query), shape.kv_len, shape.head_dim,
                                                           heads, group)[:, 0]
            weights = torch.softmax(scores / shape.head_dim**0.5, dim=-1, dtype=torch.float32).half()
            output = self.kernels.mustafar_value_formulation(*value_tiles, pad(weights), self.workspace,
                                                             shape.head_dim, shape.kv_len, heads, group)
            return output[:, 0].view(self.query.shape)

        return launch


class Mustafar50(Mustafar):
    name, sparsity = "mustafar-own-0.5", 0.5


class Mustafar70(Mustafar):
    name, sparsity = "mustafar-own-0.7", 0.7


PEERS = [SdpaFlash, SdpaFlashFolded, SdpaCudnn, SdpaCudnnFolded, FlashInfer, FlashInferFp8, FlashAttention3, Mustafar50,
         Mustafar70]
