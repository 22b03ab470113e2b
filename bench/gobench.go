package main

// goBenchmarks names the benchmarks beside the code whose metrics are figures.
func goBenchmarks() []goBenchmark {
	return []goBenchmark{
		{pkg: "./internal/document", name: "PDFText", metric: "pages/cpu-s", scale: 1, figure: figure{
			name: "PDF text with page spans, one core", target: "> 150 pages/s", unit: "pages/s", limit: 150}},
		{pkg: "./internal/document", name: "PDFBoxes", metric: "pages/cpu-s", scale: 1, figure: figure{
			name: "PDF text with character boxes, one core", target: "> 25 pages/s", unit: "pages/s", limit: 25}},
		{pkg: "./internal/index", name: "Search", metric: "ms/p95", scale: 1, figure: figure{
			name: "Search in 100,000 chunks, p95", target: "< 15 ms", unit: "ms", limit: 15, less: true}},
		{pkg: "./internal/index", name: "Live", metric: "ms/p95", scale: 1, benchtime: "50x", figure: figure{
			name: "From a save on disk until the words are found, 10,000 files, p95", target: "< 2000 ms", unit: "ms", limit: 2000, less: true}},
		{pkg: "./internal/answer", name: "Check", metric: "ns/op", scale: 1e-6, figure: figure{
			name: "Citation check of an answer with 24 citations", target: "< 5 ms", unit: "ms", limit: 5, less: true}},
	}
}
