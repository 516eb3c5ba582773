/** A line of a CSV file. `line` is where it begins. */
export interface CsvLine {
  line: number;
  cells: string[];
}

/** Characters of a cell; a longer one is refused, as a quote that is never closed makes it. */
export const MAX_CELL_CHARS = 8 * 1024 * 1024;

/** Reads CSV (RFC 4180) piece by piece: memory does not grow with the file. */
export class CsvReader {
  private cells: string[] = [];
  private cell = "";
  private state: "plain" | "quoted" | "closing" = "plain";
  private line = 1;
  private begin = 1;

  constructor(private readonly delimiter: string) {}

  /** Returns the lines that end in a piece of text. Throws if a cell is too long. */
  read(text: string): CsvLine[] {
    const found: CsvLine[] = [];
    if (this.cell.length > MAX_CELL_CHARS) {
      throw new Error(`Line ${this.begin} has a cell of more than 8 MiB. Is a quote not closed?`);
    }
    for (const char of text) {
      const line = this.take(char);
      if (line) found.push(line);
    }
    return found;
  }

  /** Returns the last line if the file does not end with a line break. Throws if it ends within a
   * quoted cell. */
  end(): CsvLine | undefined {
    if (this.state === "quoted") {
      throw new Error(`The quoted cell that begins in line ${this.begin} has no end.`);
    }
    return this.cell || this.cells.length > 0 ? this.endLine() : undefined;
  }

  private take(char: string): CsvLine | undefined {
    if (char === "\n") this.line += 1;
    if (this.state === "quoted") {
      if (char === '"') this.state = "closing";
      else this.cell += char;
    } else if (char === '"' && this.state === "closing") {
      this.cell += char;
      this.state = "quoted";
    } else if (char === '"' && this.cell === "") this.state = "quoted";
    else if (char === this.delimiter) this.endCell();
    else if (char === "\n") return this.endLine();
    else if (char !== "\r") this.cell += char;
    return undefined;
  }

  private endCell(): void {
    this.cells.push(this.cell);
    this.cell = "";
    this.state = "plain";
  }

  private endLine(): CsvLine | undefined {
    this.endCell();
    const found = { line: this.begin, cells: this.cells };
    this.cells = [];
    this.begin = this.line;
    return found.cells.length === 1 && found.cells[0] === "" ? undefined : found;
  }
}
