"""Writes the Parquet files that the tests read, each by the program it is named after, and expected.json.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pyarrow pandas duckdb pyspark
    /tmp/venv/bin/python make_fixtures.py          (pyspark needs Java; --no-spark leaves its files as they are)
    go test -run 'LibraryFixture|WrittenFixture' -update
    /tmp/venv/bin/python make_fixtures.py --check  (reads leadscore.parquet by each program and compares)

parquet-go.parquet and leadscore.parquet are written by the tests. Every file holds the same table or some of its columns. expected.json holds the values as the reader gives them:
numbers as float64, times as microseconds since 1970, categories as texts, null where missing.
"""

import datetime as dt
import decimal
import glob
import json
import os
import random
import shutil
import sys
import tempfile

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

ROWS, GROUP = 40, 16
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
random.seed(7)


def micros(t):
    if not isinstance(t, dt.datetime):
        t = dt.datetime(t.year, t.month, t.day)
    return (t.replace(tzinfo=UTC) - EPOCH) // dt.timedelta(microseconds=1)


def with_nulls(values, share=0.2):
    return [None if random.random() < share else v for v in values]


def pick(choices):
    return [random.choice(choices) for _ in range(ROWS)]


D = decimal.Decimal
instants = [dt.datetime(1969, 12, 31, 23, 59, 59, 999000), dt.datetime(2024, 2, 29, 12, 30, 15, 123000),
            dt.datetime(1583, 1, 1), dt.datetime(2261, 4, 11, 23, 47, 16, 854000), dt.datetime(1700, 5, 6, 7, 8, 9, 1000)]
nanosafe = [t for t in instants if t.year > 1677]
exact = [t.replace(microsecond=t.microsecond + 7) for t in instants]
words = ["referral", "Größe", "日本", "paid search", "a" * 30, "🙂", "x"]

# name: (arrow type, values)
columns = {
    "row": (pa.int32(), list(range(ROWS))),
    "bool": (pa.bool_(), with_nulls(pick([True, False]))),
    "int8": (pa.int8(), with_nulls(pick([-128, 0, 127, 5]))),
    "int16": (pa.int16(), with_nulls(pick([-32768, 0, 32767, 5]))),
    "int32": (pa.int32(), with_nulls(pick([-2147483648, 0, 2147483647, 5]))),
    "int64": (pa.int64(), with_nulls(pick([-9223372036854775808, 0, 9007199254740993, 5]))),
    "uint8": (pa.uint8(), with_nulls(pick([0, 255, 5]))),
    "uint16": (pa.uint16(), with_nulls(pick([0, 65535, 5]))),
    "uint32": (pa.uint32(), with_nulls(pick([0, 4294967295, 5]))),
    "uint64": (pa.uint64(), with_nulls(pick([0, 18446744073709551615, 5]))),
    "float": (pa.float32(), with_nulls(pick([0.1, -1.5, 3.0e38, -0.0]))),
    "double": (pa.float64(), with_nulls(pick([0.1, -1.5, 1e300, -0.0, 1 / 3]))),
    "decimal9": (pa.decimal128(9, 2), with_nulls(pick([D("0.01"), D("-1234567.89"), D("0.10")]))),
    "decimal18": (pa.decimal128(18, 4), with_nulls(pick([D("0.0001"), D("-99999999999999.9999"), D("12.5000")]))),
    "decimal38": (pa.decimal128(38, 6), with_nulls(pick([D("0.000001"), D("-99999999999999999999999999999999.999999"), D("7")]))),
    "date": (pa.date32(), with_nulls(pick([dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]))),
    "millis": (pa.timestamp("ms", tz="UTC"), with_nulls(pick(instants))),
    "micros": (pa.timestamp("us", tz="UTC"), with_nulls(pick(exact))),
    "nanos": (pa.timestamp("ns", tz="UTC"), with_nulls(pick(nanosafe))),
    "local": (pa.timestamp("us"), with_nulls(pick(exact))),
    "text": (pa.string(), with_nulls(pick(words))),
    "id": (pa.string(), ["lead-%04d" % i for i in range(ROWS)]),
    "allnull": (pa.string(), [None] * ROWS),
}


def logical(typ, value):
    if value is None:
        return None
    if pa.types.is_boolean(typ):
        return "true" if value else "false"
    if pa.types.is_temporal(typ):
        return micros(value)
    if pa.types.is_string(typ):
        return value
    if pa.types.is_float32(typ):
        value = pa.scalar(value, pa.float32()).as_py()
    return float(value) + 0.0


def table(names=None, required=()):
    names = names or list(columns)
    fields = [pa.field(n, columns[n][0], nullable=n not in required) for n in names]
    return pa.table([pa.array(columns[n][1], columns[n][0]) for n in names], schema=pa.schema(fields))


def write(name, t, **options):
    options = {"compression": "zstd", "row_group_size": GROUP, "write_statistics": False, **options}
    pq.write_table(t, "pyarrow-" + name + ".parquet", **options)


def by_pyarrow():
    whole = table(required=("row", "id"))
    for version in "1.0", "2.0":
        for kind, dictionary in ("dictionary", True), ("plain", False):
            write(f"v{version[0]}-{kind}", whole, data_page_version=version, use_dictionary=dictionary)
    some = ["row", "int64", "double", "text", "bool", "millis"]
    for codec in "none", "snappy", "gzip", "brotli", "lz4":
        write(codec, table(some), compression=codec, data_page_version="2.0")
        write(codec + "-v1", table(some), compression=codec)
    os.remove("pyarrow-lz4-v1.parquet")
    # The dictionary overflows after the first of several small pages, so that the chunk goes on in plain ones.
    for version in "1.0", "2.0":
        write(f"fallback-v{version[0]}", table(["row", "text", "id", "int64", "double", "micros"]), dictionary_pagesize_limit=8,
              data_page_size=8, write_batch_size=4, data_page_version=version)
    delta = {n: "DELTA_BINARY_PACKED" for n in ("row", "int8", "uint32", "int64", "uint64", "date", "millis")}
    split = {n: "BYTE_STREAM_SPLIT" for n in ("float", "double", "int32", "decimal38")}
    write("encodings", table(list(delta) + list(split) + ["text", "id", "bool"]), use_dictionary=False, data_page_version="2.0",
          column_encoding={**delta, **split, "text": "DELTA_BYTE_ARRAY", "id": "DELTA_LENGTH_BYTE_ARRAY", "bool": "RLE"})
    write("int96", table(["row", "micros", "nanos"]), use_deprecated_int96_timestamps=True)
    write("decimal-integers", table(["row", "decimal9", "decimal18"]), store_decimal_as_integer=True)
    write("statistics", table(["row", "text"]), write_statistics=True, write_page_index=True, write_page_checksum=True)
    write("binary", table(["row", "text"]).cast(pa.schema([("row", pa.int32()), ("text", pa.binary())])))
    write("empty", table(["row", "text"]).slice(0, 0))
    nested = table(["row", "text"]).append_column("list", pa.array([[1, 2]] * ROWS)).append_column(
        "struct", pa.array([{"a": 1}] * ROWS)).append_column("last", pa.array(range(ROWS), pa.int32()))
    nested = nested.append_column("time", pa.array([dt.time(1, 2)] * ROWS)).append_column(
        "fixed", pa.array([b"abcd"] * ROWS, pa.binary(4)))
    write("nested", nested)
    write("infinite", pa.table({"x": pa.array([0.5] * 20 + [float("nan"), float("inf")] + [1.0] * 18)}))
    write("invalid", pa.table({"x": pa.array([b"ok"] * 30 + [b"\xff\xfe"] + [b"ok"] * 9, pa.binary())}))


def by_pandas():
    frame = table(["row", "int32", "double", "text", "bool", "nanos", "id"]).to_pandas()
    frame["int32"] = frame["int32"].astype("Int32")
    frame.to_parquet("pandas.parquet", index=False, row_group_size=GROUP)


def by_duckdb():
    names = [n for n in columns if n != "nanos"]
    source = table(names)
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    db.register("source", source)
    db.execute("copy (select * from source order by row) to 'duckdb.parquet' (format parquet, codec 'snappy')")
    db.execute("copy (select * from source order by row) to 'duckdb-v2.parquet' (format parquet, codec 'zstd', parquet_version 'v2')")


def by_spark():
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.parquet.outputTimestampType", "INT96").config("spark.driver.host", "127.0.0.1").getOrCreate())
    spark.conf.set("spark.sql.parquet.int96RebaseModeInRead", "CORRECTED")
    spark.conf.set("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
    spark.conf.set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
    names = ["row", "bool", "int8", "int16", "int32", "int64", "float", "double", "decimal9", "decimal18", "decimal38", "date", "micros", "text", "id"]
    kinds = ("int bool:boolean int8:byte int16:short int32:int int64:long float:float double:double decimal9:decimal(9,2) "
             "decimal18:decimal(18,4) decimal38:decimal(38,6) date:date micros:timestamp text:string id:string").replace("int ", "row:int ", 1)
    schema = ", ".join(k.replace(":", " ", 1) for k in kinds.split(" "))
    rows = [tuple(columns[n][1][i].replace(tzinfo=UTC) if isinstance(columns[n][1][i], dt.datetime) else columns[n][1][i] for n in names)
            for i in range(ROWS)]
    frame = spark.createDataFrame(rows, schema).coalesce(1)
    for name, options in {
        "spark-int96": {},
        "spark-v2": {"parquet.writer.version": "PARQUET_2_0", "compression": "gzip"},
    }.items():
        folder = tempfile.mkdtemp()
        frame.write.mode("overwrite").options(**options).parquet(folder)
        shutil.copy(glob.glob(folder + "/part-*.parquet")[0], name + ".parquet")
        shutil.rmtree(folder)
        spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    spark.stop()


def check():
    """Compares leadscore.parquet, row by row, with expected.json."""
    with open("expected.json") as f:
        expected = json.load(f)
    name = "leadscore.parquet"
    db = duckdb.connect()
    db.execute("set timezone = 'UTC'")
    tables = {"pyarrow": pq.read_table(name), "duckdb": db.execute(f"select * from '{name}'").to_arrow_table()}
    if "--no-spark" not in sys.argv:
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate()
        frame = spark.read.parquet(name).orderBy("row")
        print("spark:", frame.count(), "rows")
        rows = [r.asDict() for r in frame.drop("millis", "micros", "nanos", "local").collect()]
        schema = tables["pyarrow"].schema
        for column in rows[0]:
            values = [r[column] for r in rows]
            assert [logical(schema.field(column).type, v) for v in values] == expected[column], column
    for program, t in tables.items():
        for column in t.column_names:
            typ = t.schema.field(column).type
            got = [logical(typ, v) for v in t.column(column).to_pylist()]
            assert got == expected[column], (program, column, got, expected[column])
        print(program + ":", t.num_rows, "rows,", t.num_columns, "columns as expected")
    groups = pq.ParquetFile(name).metadata
    assert groups.num_row_groups == 3 and groups.row_group(0).sorting_columns[0].column_index == 0


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    if "--check" in sys.argv:
        check()
        return
    by_pyarrow()
    by_pandas()
    by_duckdb()
    if "--no-spark" not in sys.argv:
        by_spark()
    expected = {n: [logical(typ, v) for v in values] for n, (typ, values) in columns.items()}
    with open("expected.json", "w") as f:
        json.dump(expected, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
