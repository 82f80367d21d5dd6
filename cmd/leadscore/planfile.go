package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
)

// readPlan reads a plan, YAML or JSON, strictly. Errors name the line where there is one.
func readPlan(path string) (budget.Plan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return budget.Plan{}, fmt.Errorf("plan: %w", err)
	}
	var root yaml.Node
	if strings.ToLower(filepath.Ext(path)) != ".json" {
		if text, err = jsonOf(text, &root); err != nil {
			return budget.Plan{}, usageError{fmt.Errorf("plan: %s: %w", path, err)}
		}
	}
	p, err := budget.ParsePlan(text)
	var wrong *budget.PlanError
	if errors.As(err, &wrong) {
		if line := lineOf(&root, wrong.Pointer); line > 0 {
			return p, usageError{fmt.Errorf("plan: %s:%d: %s: %s", path, line, wrong.Pointer, wrong.Detail)}
		}
	}
	if err != nil {
		return p, usageError{fmt.Errorf("plan: %s: %w", path, err)}
	}
	return p, nil
}

// jsonOf turns one YAML document into JSON.
func jsonOf(text []byte, root *yaml.Node) ([]byte, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if !errors.Is(d.Decode(new(yaml.Node)), io.EOF) {
		return nil, errors.New("only one YAML document is read")
	}
	var document any
	if err := root.Decode(&document); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	out, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("not a document of numbers, texts and lists: %w", err)
	}
	return out, nil
}

// lineOf returns the line of what a JSON pointer points to, or of the nearest thing above it; 0 if there is none.
func lineOf(node *yaml.Node, pointer string) int {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := node.Line
	for _, part := range strings.Split(pointer, "/")[1:] {
		var next *yaml.Node
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == part {
					line, next = node.Content[i].Line, node.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(node.Content) {
				next = node.Content[i]
				line = next.Line
			}
		}
		if next == nil {
			return line
		}
		node = next
	}
	return line
}

// planHead explains a plan that is written as YAML.
const planHead = `A plan for leadscore budget --plan: edit it, then run it again. The schema is that of Plan in /openapi.yaml.

limits.mode     stop_at_target: until the last unit of money returns 1 + target_roi; spend_budget: all; most_profit
limits.reserve  share of the budget that is kept for experiments
limits.hours    of the team in a period; leave it out for no limit
curve           leads of a period: power a*s^b; log a*ln(1 + s/b); saturation a*(1 - e^(-s/b)); hill a*s^n/(s^n + b^n)
path            stages from the lead to the sale, the rate of leaving each for the next, the cost of entering each
low, high       least and most spend on a source; equal ones pin it
known           how well the source is known; leave it out to take it for certain
current         what is spent on it today
experiments     floor: least share of the reserve for an arm that goes on; price: of a lead; value: of a success`

// writePlan writes a plan as YAML, or as JSON if the path ends so.
func writePlan(path string, p *budget.Plan) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if strings.ToLower(filepath.Ext(path)) == ".json" {
		return datasets.WriteFile(path, func(w io.Writer) error {
			_, err := w.Write(append(text, '\n'))
			return err
		})
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return err
	}
	plain(&node)
	node.HeadComment = planHead
	return datasets.WriteFile(path, func(w io.Writer) error {
		e := yaml.NewEncoder(w)
		e.SetIndent(2)
		return errors.Join(e.Encode(&node), e.Close())
	})
}

// plain takes the style of JSON from a node; lists of simple values stay on one line.
func plain(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode {
		if node.Style == yaml.DoubleQuotedStyle && node.ShortTag() == "!!str" {
			node.Style = 0
		}
		return
	}
	node.Style = 0
	simple := node.Kind != yaml.DocumentNode && len(node.Content) > 0
	for _, child := range node.Content {
		plain(child)
		simple = simple && child.Kind == yaml.ScalarNode
	}
	if simple && len(node.Content) <= 16 && node.Kind == yaml.SequenceNode {
		node.Style = yaml.FlowStyle
	}
}
