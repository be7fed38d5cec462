package simulator

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"time"
)

// issuePage is what a person sees of an issue: links to issues lead here, as
// they lead to Tracker's own pages elsewhere.
var issuePage = template.Must(template.New("issue").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Key}} {{.Title}}</title>
</head>
<body>
<main>
<p>{{.Note}}</p>
<h1>{{.Key}} {{.Title}}</h1>
<dl>
{{range .Rows}}<dt>{{.Name}}</dt>
<dd>{{.Value}}</dd>
{{end}}</dl>
</main>
</body>
</html>
`))

type pageRow struct{ Name, Value string }

// pageWords are the words of the page in one language.
type pageWords struct {
	lang, note, queue, kind, status, created, updated, resolved string
}

var pageLanguages = [languages]pageWords{
	english: {
		"en", "This is the made-up Tracker of the demo. Nothing here is real.",
		"Queue", "Type", "Status", "Created", "Updated", "Resolved",
	},
	russian: {
		"ru", "Это выдуманный Трекер из демонстрации. Ничего настоящего здесь нет.",
		"Очередь", "Тип", "Статус", "Создана", "Обновлена", "Решена",
	},
}

// pageIssue is what the page reads of an issue.
type pageIssue struct {
	Key, Summary                     string
	Queue, Type, Status              struct{ Display string }
	CreatedAt, UpdatedAt, ResolvedAt string
}

// browsed answers GET /{key} with a page, and all else with next. A key that
// is not known is next's to refuse.
func (t *tracker) browsed(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("GET /{key}", func(rw http.ResponseWriter, r *http.Request) {
		page, ok := t.issuePage(r)
		if !ok {
			next.ServeHTTP(rw, r)
			return
		}
		h := rw.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = rw.Write(page) // a browser that went away
	})
	return mux
}

// issuePage is the page of an issue that can be seen.
func (t *tracker) issuePage(r *http.Request) (page []byte, ok bool) {
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	found, err := t.find(r.PathValue("key"))
	if err != nil {
		return nil, false
	}
	w := t.writer(r)
	var i pageIssue
	if err := json.Unmarshal(appendIssue(nil, found.st, w, nil, ""), &i); err != nil {
		return nil, false
	}
	words := pageLanguages[w.lang]
	rows := []pageRow{
		{words.queue, i.Queue.Display},
		{words.kind, i.Type.Display},
		{words.status, i.Status.Display},
		{words.created, minuteOf(i.CreatedAt)},
		{words.updated, minuteOf(i.UpdatedAt)},
		{words.resolved, minuteOf(i.ResolvedAt)},
	}
	if i.ResolvedAt == "" {
		rows = rows[:len(rows)-1]
	}
	var b bytes.Buffer
	err = issuePage.Execute(&b, map[string]any{"Lang": words.lang, "Note": words.note, "Key": i.Key, "Title": i.Summary, "Rows": rows})
	return b.Bytes(), err == nil
}

// minuteOf is a time of the API as people read it.
func minuteOf(stamp string) string {
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", stamp)
	if err != nil {
		return stamp
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}
