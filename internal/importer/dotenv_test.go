package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func none(string) (string, bool) { return "", false }

func TestParseDotenv(t *testing.T) {
	environ := func(name string) (string, bool) {
		v, ok := map[string]string{"HOME_DIR": "/home/ann", "EMPTY": ""}[name]
		return v, ok
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", ""},
		"blank":              {" \n\t\r\n\r\r", ""},
		"plain":              {"A=b\nC = d ", "1 A=b|2 C=d"},
		"byte order mark":    {"\ufeffA=b", "1 A=b"},
		"CRLF":               {"A=b\r\n\r\nC=d\r\n", "1 A=b|3 C=d"},
		"CR":                 {"A=b\rC=d", "1 A=b|2 C=d"},
		"comments":           {"# one\n  # two\nA=b # three\nC=d#e\nF=#g\nH= # i", "3 A=b|4 C=d#e|5 F=#g|6 H="},
		"export":             {"export A=b\nexport\tC=d\nexport=e\nexported=f", "1 A=b|2 C=d|3 export=e|4 exported=f"},
		"empty values":       {"A=\nB=''\nC=\"\"\nD=  \n", "1 A=|2 B=|3 C=|4 D="},
		"equal signs":        {"A=b=c==\nB='a=b'", "1 A=b=c==|2 B=a=b"},
		"single quotes":      {`A='b # "c" \n \' \\ d' # e`, `1 A=b # "c" \n ' \ d`},
		"double quotes":      {`A="b # 'c' \n \t \" \\ \$ \x"`, "1 A=b # 'c' \n \t \" \\ \\$ \\x"},
		"over lines":         {"A=\"b\r\nc\"\nD='e\n\nf'\nG=h", "1 A=b\r\nc|3 D=e\n\nf|6 G=h"},
		"quoted name":        {"'A b'=c\nexport 'D'=e", "1 A b=c|2 D=e"},
		"no value":           {"A\nexport B # c\nD=e", "1 A -|2 B -|3 D=e"},
		"quote inside":       {`A=b"c"'d'`, `1 A=b"c"'d'`},
		"last backslash":     {`A='b\'`, `1 A=b\`},
		"twice":              {"A=b\nA=c", "1 A=b|2 A=c"},
		"Cyrillic":           {"A=Очередь: ЗАДАЧИ # комментарий\nB=\"в работе\"", "1 A=Очередь: ЗАДАЧИ|2 B=в работе"},
		"no-break space":     {"A=b\u00a0# c", "1 A=b"},
		"JSON":               {"A=[0,1,2]\nB=[\"a:b\", \"c\"]", `1 A=[0,1,2]|2 B=["a:b", "c"]`},
		"expanded":           {"A=b\nC=${A}/${HOME_DIR}/${D:-e}/${F:-}\nG='${A}'\nH=$A ${EMPTY}", "1 A=b|2 C=b//home/ann/e/|3 G=b|4 H=$A "},
		"environment first":  {"HOME_DIR=x\nA=${HOME_DIR}", "1 HOME_DIR=x|2 A=/home/ann"},
		"not expanded":       {"A=${NOWHERE}\nB=${y0_Aa}", "1 ! ${NOWHERE} is set neither above nor in the environment of this command|2 ! a ${NAME} in it is set neither above nor in the environment of this command"},
		"grows":              {"A=" + strings.Repeat("b", 1<<20) + "\nB=${A}${A}${A}${A}${A}${A}", "1 A=" + strings.Repeat("b", 1<<20) + "|2 ! too long once each ${NAME} is replaced"},
		"no name":            {"=b\nC=d", "1 ! not NAME=value: the name is missing|2 C=d"},
		"two words":          {"A b\nC=d", "1 ! not NAME=value|2 C=d"},
		"words before":       {"set A=b", "1 ! not NAME=value"},
		"never closed":       {"A=b\nC=\"d\nE=f", "1 A=b|2 ! the quote at the beginning of the value is never closed|3 E=f"},
		"after quotes":       {"A='b'c\nD=e", "1 ! something follows the quotes: put all of the value into them|2 D=e"},
		"name never closed":  {"'A=b", "1 ! a name that begins with a quote does not end with one"},
		"binary":             {"A=b\x00", "0 ! not a text in UTF-8"},
		"not UTF-8":          {"A=\xff", "0 ! not a text in UTF-8"},
		"larger than a file": {"A=" + strings.Repeat("b", maxFile), "0 ! larger than 5 MiB: not a file of settings"},
	} {
		t.Run(name, func(t *testing.T) {
			entries, problems := ParseDotenv([]byte(c.text), environ)
			if diff := cmp.Diff(c.want, told(entries, problems)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// told are entries and problems in the order of their lines.
func told(entries []Entry, problems []Problem) string {
	var out []string
	for _, e := range entries {
		for len(problems) > 0 && problems[0].Line < e.Line {
			out, problems = append(out, fmt.Sprintf("%d ! %s", problems[0].Line, problems[0].Message)), problems[1:]
		}
		if e.Bare {
			out = append(out, fmt.Sprintf("%d %s -", e.Line, e.Name))
			continue
		}
		out = append(out, fmt.Sprintf("%d %s=%s", e.Line, e.Name, e.Value))
	}
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%d ! %s", p.Line, p.Message))
	}
	return strings.Join(out, "|")
}

// FuzzParseDotenv: whatever stands in a file, it ends, keeps to its lines, and
// a value that is written in single quotes comes back.
func FuzzParseDotenv(f *testing.F) {
	for _, seed := range []string{"A=b", "export 'A' = \"b\\n\" # c\r\n", "A='b\\'", "\ufeff=\r'", "A=${B:-c}${A}", "#\nA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, problems := ParseDotenv([]byte(text), none)
		last := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		line := 0
		for _, e := range entries {
			if e.Name == "" || e.Line < line || e.Line > last {
				t.Errorf("entry %q on line %d of %d after %d", e.Name, e.Line, last, line)
			}
			line = e.Line
		}
		for _, p := range problems {
			if p.Line < 0 || p.Line > last || p.Message == "" {
				t.Errorf("%+v of %d lines", p, last)
			}
		}
		if len(problems) > 0 && problems[0].Line == 0 || strings.Contains(text, "${") || strings.HasSuffix(text, `\`) {
			return
		}
		quoted := "A='" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
		got, wrong := ParseDotenv([]byte(quoted), none)
		if len(wrong) > 0 || len(got) != 1 || got[0].Value != text {
			t.Errorf("%q comes back as %+v, %v", quoted, got, wrong)
		}
	})
}
