package main

// goBenchmarks names the benchmarks beside the code whose metrics are figures.
func goBenchmarks() []goBenchmark { return nil }
