// Words for data products.
import type { CatalogueProduct } from '../../api/products';
import { count } from '../../lib/format';

export type ProductKind = CatalogueProduct['kind'];

export const kindWords: Record<ProductKind, string> = {
  frame: 'Table',
  json: 'Value',
  text: 'Text',
  image: 'Image',
  opaque: 'Object',
};

/** `336,776 × 19`, of a table. */
export function shapeWords(rows: number | null | undefined, columns: number): string {
  return rows === null || rows === undefined ? '–' : `${count(rows)} × ${columns}`;
}
