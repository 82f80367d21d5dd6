// Package datasets turns Parquet and CSV files into column batches, and back; and it makes sample leads whose truth
// is known.
//
// A Dataset reads Parquet files in blocks of columns: pages are decoded straight into the codes, numbers and times
// of a features.Batch, several columns at a time, and a text of a dictionary is looked at once for a row group, not
// once for a row. Files may come from anywhere: what a footer or a page header claims is checked against the bytes
// that are there before memory is made for it, and a damaged file is an error.
//
// A Writer turns Frames into a Parquet file. ImportCSV turns a CSV file into one; ReadCSV and ReadLines read
// tables of texts for scoring, CSVWriter and LineWriter write them. A file that is written appears under its name
// when it is whole, or not at all.
//
// README.md says which types, encodings and compressions are read.
package datasets
