package picture

import "testing"

func BenchmarkSVG(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := SVG(c.spec)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(out))/1024, "KB")
			}
		})
	}
}

func BenchmarkPNG(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := PNG(c.spec, 2)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(out))/1024, "KB")
			}
		})
	}
}
