package picture

import (
	"os"
	"testing"
)

func TestZZ(t *testing.T) {
	for _, c := range benchCases(t) {
		b, _ := PNG(c.spec, 2)
		os.WriteFile("/tmp/pics/zz-"+c.name+".png", b, 0o644)
		c.spec.Theme = "dark"
		b, _ = PNG(c.spec, 2)
		os.WriteFile("/tmp/pics/zz-"+c.name+"-dark.png", b, 0o644)
		b, _ = SVG(c.spec)
		os.WriteFile("/tmp/pics/zz-"+c.name+".svg", b, 0o644)
	}
}
