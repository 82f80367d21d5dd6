package features

import (
	"fmt"
	"strconv"
	"sync"
)

// A JSON document is one lead,
//
//	{"lead_id":"L-1","industry":"retail","employees":40}
//
// or a batch of them, {"leads":[{…},{…}]}. Members are matched by their exact names. The rules:
//
//	missing    null, an absent member, and a text that the schema declares to mean "missing", for any field
//	number     a JSON number, rounded to float64 as strconv.ParseFloat does and narrowed to the stored type
//	boolean    true or false
//	category   a text, normalised; where it is stored as a number, a number
//	time       a text that ParseTime reads
//	lead_id    that name, or the name of the id column: a text or a number
//	others     a declared column that is no feature, or an undeclared name: skipped, with a warning
//
// Whatever is skipped must still be JSON. A name may not occur twice in a lead.

// batchKey is the one member of a batch.
const batchKey = "leads"

// RequestOptions says what ParseRequest accepts.
type RequestOptions struct {
	MaxLeads int  // of a batch; at least 1
	Strict   bool // an undeclared field is an error rather than a warning
	Dated    bool // when the lead was created, and its outcome, are read rather than skipped
}

// Request is a parsed document: one lead, or the leads of a batch in their order. Reuse one to reuse its
// memory; what it holds is valid until then.
type Request struct {
	Batch bool
	Items []Item
}

// Item is one lead of a Request. Lead is to be used only when Wrong is nil.
type Item struct {
	Lead  Lead
	Wrong *InputErrors
}

// ParseLead reads a document of one lead into lead, whose memory it reuses. The error is an *InputErrors; lead
// is then in no state to be used.
func (s *Schema) ParseLead(data []byte, lead *Lead) error {
	return s.ParseLeadWith(data, RequestOptions{}, lead)
}

// ParseLeadWith is ParseLead with options; MaxLeads has no meaning.
func (s *Schema) ParseLeadWith(data []byte, options RequestOptions, lead *Lead) error {
	options.MaxLeads = 0
	r := newReader(s, data, options)
	defer r.release()
	if !r.open() {
		return r.failure()
	}
	return r.only(lead)
}

// ParseRequest reads a document of one lead or of a batch into request, whose memory it reuses. A lead of a
// batch that cannot be used has its errors beside it. The error is an *InputErrors: what is wrong with a
// document of one lead, or what makes a batch unreadable as a whole, such as a fault of the grammar.
func (s *Schema) ParseRequest(data []byte, options RequestOptions, request *Request) error {
	request.Batch, request.Items = false, request.Items[:0]
	r := newReader(s, data, options)
	defer r.release()
	if !r.open() {
		return r.failure()
	}
	start := r.pos
	batch, ok := r.atLeads()
	if !ok {
		return r.failure()
	}
	if !batch {
		r.pos = start
		err := r.only(&request.add().Lead)
		if err != nil {
			request.Items = request.Items[:0]
		}
		return err
	}
	request.Batch = true
	if !r.batch(request) {
		request.Items = request.Items[:0]
		return r.failure()
	}
	return nil
}

// IsBatch reports whether data starts like the document of a batch, for those who have to decide how much
// more of it to read.
func IsBatch(data []byte) bool {
	r := &leadReader{scanner: scanner{data: data}}
	if !r.open() {
		return false
	}
	batch, ok := r.atLeads()
	return batch && ok
}

func (r *Request) add() *Item {
	if len(r.Items) == cap(r.Items) {
		r.Items = append(r.Items, Item{})
	} else {
		r.Items = r.Items[:len(r.Items)+1]
	}
	item := &r.Items[len(r.Items)-1]
	item.Wrong = nil
	return item
}

// readers keeps the scratch memory of leadReaders between documents.
var readers = sync.Pool{New: func() any { return new(leadReader) }}

func newReader(s *Schema, data []byte, options RequestOptions) *leadReader {
	r := readers.Get().(*leadReader)
	*r = leadReader{
		scanner: scanner{data: data, keyText: r.keyText, text: r.text},
		schema:  s, options: options, seen: r.seen, unknown: r.unknown, hints: r.hints,
	}
	return r
}

// maxScratch is how much memory a reader may keep for the next document.
const maxScratch = 64 << 10

func (r *leadReader) release() {
	if cap(r.text)+cap(r.keyText) > maxScratch {
		r.text, r.keyText = nil, nil
	}
	clear(r.unknown)
	clear(r.hints)
	*r = leadReader{scanner: scanner{keyText: r.keyText, text: r.text}, seen: r.seen, unknown: r.unknown, hints: r.hints}
	readers.Put(r)
}

// failure returns what stopped the reading.
func (r *leadReader) failure() error { return &InputErrors{Errors: []*InputError{r.fatal}} }

const byteOrderMark = "\uFEFF"

// open reads up to the brace that opens the document's object.
func (r *leadReader) open() bool {
	if len(r.data) >= len(byteOrderMark) && string(r.data[:len(byteOrderMark)]) == byteOrderMark {
		r.pos = len(byteOrderMark)
	}
	c := r.next()
	switch {
	case r.pos == len(r.data):
		return r.stop(InputEmpty, "expected a JSON object")
	case c == '{':
		return true
	}
	start := r.pos
	if !r.skip(0) {
		return false
	}
	r.pos = start
	return r.stop(InputNotObject, "expected a JSON object")
}

// only reads the one lead of a document and its end.
func (r *leadReader) only(lead *Lead) error {
	wrong, ok := r.read(lead)
	if !ok || !r.end() {
		return r.failure()
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

func (r *leadReader) end() bool {
	r.next()
	return r.pos == len(r.data) || r.stop(InputTrailing, "something follows the object")
}

// atLeads reads {"leads":[ and reports whether the document starts with it.
func (r *leadReader) atLeads() (batch, ok bool) {
	r.pos++
	if r.next() != '"' {
		return false, true
	}
	key, ok := r.member(&r.keyText)
	if !ok || string(key) != batchKey || r.next() != '[' {
		return false, ok
	}
	r.pos++
	return true, true
}

// batch reads the leads of a batch, and its end.
func (r *leadReader) batch(request *Request) bool {
	if r.next() == ']' {
		return r.stop(InputNoLeads, "the batch holds no lead")
	}
	for more, ok := true, true; more; {
		if len(request.Items) == r.options.MaxLeads {
			return r.stop(InputTooManyLeads, fmt.Sprintf("a batch holds at most %d leads", r.options.MaxLeads))
		}
		r.base = "/" + batchKey + "/" + strconv.Itoa(len(request.Items))
		if !r.item(request.add()) {
			return false
		}
		if more, ok = r.more(']'); !ok {
			return false
		}
	}
	r.base = ""
	if r.next() == ',' {
		return r.stop(InputEnvelope, `"leads" must be the only member of a batch`)
	}
	if r.next() != '}' {
		return r.expected("'}'")
	}
	r.pos++
	return r.end()
}

func (r *leadReader) item(item *Item) (ok bool) {
	if r.next() == '{' {
		item.Wrong, ok = r.read(&item.Lead)
		return ok
	}
	start := r.pos
	if !r.skip(0) {
		return false
	}
	r.refusal = nil
	r.refuse(InputNotObject, start, "expected a JSON object")
	item.Wrong = &InputErrors{Errors: []*InputError{r.refusal}}
	return true
}
