"""Programs that run beside a library: standard library, the library, and no other part of ours."""
