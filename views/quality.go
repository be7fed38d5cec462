package views

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
)

// QualityShown is how many records of a kind the page of all kinds shows.
const QualityShown = 20

// Quality is the page of what is wrong with the data behind the numbers.
type Quality struct {
	Page
	Filter FlowFilter
	Query  url.Values // canonical
	Parts  []QualityPart
	Fine   []delivery.QualityKind // nothing is wrong with these
	Empty  *Empty                 // nothing is connected and nothing is there
	NoData bool                   // something is connected, and nothing is there yet
	Away   bool                   // the fact store does not answer: kinds are missing
	Zone   *time.Location
}

// QualityList is the page of all records of a kind.
type QualityList struct {
	Page
	Filter  FlowFilter
	Query   url.Values
	Kind    delivery.QualityKind
	Part    QualityPart
	Number  int // of the page
	PerPage int
	Zone    *time.Location
}

// QualityPart is one kind: which charts it spoils, how it is mended, and its records.
type QualityPart struct {
	Kind     delivery.QualityKind
	Total    int
	Rows     []QualityRow
	Panels   []Tab
	Fix      string // path, "" for those who may not go there, or where there is none
	FixNeeds string // who may: admin, lead, "" where it is mended in the source
	Query    url.Values
}

// QualityRow is a record with what is wrong with it.
type QualityRow struct {
	Name, Title string
	Href        string // its page here, "" for none
	Source      string // its page in the source, "" for none
	Where       string // queue or service
	Text        string // what is wrong
	Detail      string // what the source said, say
	Pause       string // code of a pause
	At          time.Time
}

// QualityQuery is what of a query all data is narrowed by.
func QualityQuery(q url.Values) url.Values {
	out := url.Values{}
	for _, name := range []string{"team", "connection", "range", "from", "to", "lang"} {
		if len(q[name]) > 0 {
			out[name] = q[name]
		}
	}
	return out
}

// QualityLink is the page of data quality as narrowed as another page, at one kind
// unless that is "".
func QualityLink(ctx context.Context, query string, kind delivery.QualityKind) templ.SafeURL {
	q, err := url.ParseQuery(query)
	if err != nil {
		q = nil
	}
	link := withQuery(ctx, "/quality", QualityQuery(q))
	if kind != "" {
		link += templ.SafeURL("#" + string(kind))
	}
	return link
}

// id is of a message about the kind.
func (p QualityPart) id(prefix string) string { return "quality." + prefix + "." + string(p.Kind) }

// what is the head of the column that says what is wrong, or how much there is.
func (p QualityPart) what(ctx context.Context) string {
	if p.Kind == delivery.Unassigned {
		return t(ctx, "quality.what.unassigned")
	}
	return t(ctx, "quality.what")
}

// all is the page of all records, of one part of them from the second on.
func (p QualityPart) all(ctx context.Context, page int) templ.SafeURL {
	q := url.Values{}
	for name, values := range p.Query {
		q[name] = values
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return withQuery(ctx, "/quality/"+string(p.Kind), q)
}

// data is the whole list for programs.
func (p QualityPart) data(ctx context.Context, ext string) templ.SafeURL {
	return withQuery(ctx, "/api/v1/quality/"+string(p.Kind)+ext, p.Query)
}

// dated reports whether any record has a moment.
func (p QualityPart) dated() bool {
	for _, r := range p.Rows {
		if !r.At.IsZero() {
			return true
		}
	}
	return false
}

// placed reports whether any record is of a queue or a service.
func (p QualityPart) placed() bool {
	for _, r := range p.Rows {
		if r.Where != "" {
			return true
		}
	}
	return false
}

func (l QualityList) pages() int { return (l.Part.Total + l.PerPage - 1) / max(1, l.PerPage) }
func (l QualityList) first() int { return (l.Number-1)*l.PerPage + 1 }
func (l QualityList) last() int  { return (l.Number-1)*l.PerPage + len(l.Part.Rows) }

// badgeTitle says what the number in the rail is of.
func badgeTitle(ctx context.Context, n int) string { return t(ctx, "quality.badge", "n", n) }
