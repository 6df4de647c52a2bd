// Command generate makes types.go of the OpenAPI document of the service. With -check it writes nothing, and fails if the file is not up to date.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"slices"
	"strings"
)

const (
	document = "../../crates/api/openapi.json"
	file     = "types.go"
)

type schema struct {
	Type        any                               `json:"type"`
	Ref         string                            `json:"$ref"`
	Format      string                            `json:"format"`
	Description string                            `json:"description"`
	Const       string                            `json:"const"`
	Enum        []string                          `json:"enum"`
	Items       *schema                           `json:"items"`
	AnyOf       []*schema                         `json:"anyOf"`
	OneOf       []*schema                         `json:"oneOf"`
	Properties  ordered[*schema]                  `json:"properties"`
	Additional  json.RawMessage                   `json:"additionalProperties"`
	Required    []string                          `json:"required"`
	Mapping     struct{ Mapping ordered[string] } `json:"discriminator"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name        string
		In          string
		Description string
		Schema      *schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema *schema }
	}
}

// ordered is an object of JSON whose names keep their order.
type ordered[T any] struct {
	names  []string
	values map[string]T
}

func (o *ordered[T]) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &o.values); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		if name, isName := token.(string); isName && depth == 1 {
			o.names = append(o.names, name)
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return err
			}
		} else if token == json.Delim('{') {
			depth++
		}
	}
}

// Unions and lists that are written by hand, what only the console shows, and refusals, which are errors.
var byHand = []string{"Event", "LiabilityReport", "LiabilityByTotal", "LiabilityByCategory", "LiabilityByMonth", "LiabilityByDay",
	"LiabilityOfCategory", "LiabilityOfMonth", "LiabilityOfDay", "Batch", "BatchRequest", "BatchOperation", "Problem", "OpenApi", "Page"}

// Bodies of requests and queries have no names in the document.
var bodies = [][2]string{
	{"post_v1_users", "CreateUserRequest"}, {"put_v1_users_user", "UserRequest"}, {"put_v1_coins_coin", "CoinRequest"},
	{"put_v1_users_user_limits_coin", "LimitsRequest"}, {"put_v1_users_user_spend_limit_coin", "SpendLimitRequest"},
	{"put_v1_users_user_thresholds_coin", "ThresholdsRequest"}, {"post_v1_grants", "GrantRequest"}, {"post_v1_spends", "SpendRequest"},
	{"post_v1_transfers", "TransferRequest"}, {"post_v1_holds", "HoldRequest"}, {"post_v1_holds_hold_capture", "CaptureRequest"},
	{"post_v1_holds_hold_release", "NoteRequest"}, {"post_v1_holds_hold_extend", "ExtendRequest"},
	{"post_v1_events_event_reverse", "ReverseRequest"}, {"put_v1_schedules_schedule", "ScheduleRequest"}, {"post_v1_keys", "KeyRequest"},
	{"post_v1_clock_accept", "AcceptClockRequest"}, {"put_v1_webhooks_webhook", "WebhookRequest"},
	{"post_v1_webhooks_webhook_rotate_secret", "RotateSecretRequest"}, {"post_v1_webhooks_webhook_redeliver", "RedeliverRequest"},
}
var queries = [][2]string{
	{"get_v1_users", "UsersQuery"}, {"get_v1_users_user_history", "HistoryQuery"}, {"get_v1_holds", "HoldsQuery"},
	{"get_v1_grants_event_uses", "GrantUsesQuery"}, {"get_v1_schedules", "SchedulesQuery"}, {"get_v1_reports_liability", "LiabilityQuery"},
	{"get_v1_events", "EventsQuery"},
}

var initials = map[string]string{"id": "ID", "url": "URL"}

func goName(name string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		if known, is := initials[word]; is {
			out.WriteString(known)
		} else {
			out.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return out.String()
}

// goType gives the type of a value, and whether null is another value than the zero one.
func goType(s *schema, request bool) (name string, nullable bool) {
	if s.Ref != "" {
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:], false
	}
	for _, one := range s.AnyOf {
		if one.Type != "null" {
			name, _ = goType(one, request)
			return name, true
		}
	}
	kind, _ := s.Type.(string)
	for _, one := range asList(s.Type) {
		if one == "null" {
			nullable = true
		} else {
			kind = one
		}
	}
	switch kind {
	case "integer":
		return "int64", nullable
	case "number":
		return "float64", nullable
	case "boolean":
		return "bool", nullable
	case "string":
		if s.Format == "date-time" {
			return "time.Time", nullable
		}
		return "string", nullable
	case "array":
		inner, _ := goType(s.Items, request)
		return "[]" + inner, false
	}
	if additional := string(s.Additional); additional != "" && additional != "false" && additional != "true" {
		var values schema
		if err := json.Unmarshal(s.Additional, &values); err != nil {
			log.Fatal(err)
		}
		inner, _ := goType(&values, request)
		return "map[string]" + inner, false
	}
	if request {
		return "any", false
	}
	return "json.RawMessage", false
}

func asList(value any) (list []string) {
	entries, _ := value.([]any)
	for _, entry := range entries {
		list = append(list, entry.(string))
	}
	return list
}

func comment(out *bytes.Buffer, name, text string) {
	if text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")); text != "" {
		fmt.Fprintf(out, "// %s%s\n", name, text)
	}
}

func structure(out *bytes.Buffer, name, about string, s *schema, request bool) {
	comment(out, name+": ", about)
	fmt.Fprintf(out, "type %s struct {\n", name)
	for _, property := range s.Properties.names {
		field := s.Properties.values[property]
		if request && field.Const != "" {
			continue
		}
		kind, nullable := goType(field, request)
		required := slices.Contains(s.Required, property)
		optional := !required || (nullable && request)
		tag := property
		// A number or a flag that is left out means something else than 0 or false; a text, a time or a list that is empty does not.
		plain := kind == "int64" || kind == "float64" || kind == "bool" || !strings.ContainsAny(kind, "[.") && kind != "string" && kind != "any"
		if optional {
			tag += ",omitzero"
		}
		if plain && (optional || nullable) || nullable && !request && (kind == "string" || kind == "time.Time") {
			kind = "*" + kind
		}
		comment(out, "", field.Description)
		fmt.Fprintf(out, "%s %s `json:%q`\n", goName(property), kind, tag)
	}
	out.WriteString("}\n\n")
}

func main() {
	check := flag.Bool("check", false, "only check")
	flag.Parse()
	text, err := os.ReadFile(document)
	if err != nil {
		log.Fatal(err)
	}
	var spec struct {
		Paths      ordered[ordered[operation]]
		Components struct{ Schemas ordered[*schema] }
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		log.Fatal(err)
	}
	operations := map[string]operation{}
	for _, verbs := range spec.Paths.values {
		for _, one := range verbs.values {
			operations[one.ID] = one
		}
	}
	schemas := spec.Components.Schemas
	var out bytes.Buffer
	out.WriteString("// Code generated by internal/generate of crates/api/openapi.json. DO NOT EDIT.\n\npackage tocos\n\n" +
		"import (\n\"encoding/json\"\n\"net/url\"\n\"time\"\n)\n\n")

	out.WriteString("// The codes of refusals.\nconst (\n")
	codes := schemas.values["Problem"].Properties.values["code"].Enum
	for _, code := range codes {
		fmt.Fprintf(&out, "%s Code = %q\n", goName(code), code)
	}
	out.WriteString(")\n\n// Codes lists all codes.\nvar Codes = []Code{")
	for _, code := range codes {
		fmt.Fprintf(&out, "%s,", goName(code))
	}
	out.WriteString("}\n\n")

	out.WriteString("func eventOf(kind string) any {\nswitch kind {\n")
	mapping := schemas.values["Event"].Mapping.Mapping
	for _, kind := range mapping.names {
		ref := mapping.values[kind]
		fmt.Fprintf(&out, "case %q:\nreturn new(%s)\n", kind, ref[strings.LastIndex(ref, "/")+1:])
	}
	out.WriteString("}\nreturn nil\n}\n\n")

	for _, name := range schemas.names {
		s := schemas.values[name]
		switch {
		case slices.Contains(byHand, name) || strings.HasSuffix(name, "List") || name == "History":
		case strings.HasPrefix(name, "Batch"):
			structure(&out, name, "an operation of a batch. "+s.Description, s, true)
			fmt.Fprintf(&out, "func (%s) op() string { return %q }\n\n", name, s.Properties.values["op"].Const)
		default:
			structure(&out, name, s.Description, s, false)
		}
	}
	for _, body := range bodies {
		one := operations[body[0]]
		if one.RequestBody == nil {
			log.Fatalf("%s has no body", body[0])
		}
		structure(&out, body[1], "the body of a request.", one.RequestBody.Content["application/json"].Schema, true)
	}
	for _, query := range queries {
		one := operations[query[0]]
		fmt.Fprintf(&out, "// %s chooses what a list or a report has. What is zero is left out.\ntype %s struct {\n", query[1], query[1])
		var values bytes.Buffer
		for _, parameter := range one.Parameters {
			if parameter.In != "query" || parameter.Name == "wait_s" {
				continue
			}
			kind, _ := goType(parameter.Schema, true)
			name := goName(parameter.Name)
			comment(&out, "", parameter.Description)
			fmt.Fprintf(&out, "%s %s\n", name, kind)
			fmt.Fprintf(&values, "put(values, %q, q.%s)\n", parameter.Name, name)
		}
		fmt.Fprintf(&out, "}\n\nfunc (q %s) values() url.Values {\nvalues := url.Values{}\n%sreturn values\n}\n\n", query[1], values.String())
	}
	formatted, err := format.Source(out.Bytes())
	if err != nil {
		log.Fatal(err, out.String())
	}
	if !*check {
		if err := os.WriteFile(file, formatted, 0o644); err != nil {
			log.Fatal(err)
		}
		return
	}
	if current, err := os.ReadFile(file); err != nil || !bytes.Equal(current, formatted) {
		log.Fatal("types.go is not what crates/api/openapi.json gives; run go generate in clients/go")
	}
}
