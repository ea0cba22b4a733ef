import ts from 'typescript';

/** What a class or a function is given by names. */
export interface OptionsType {
  file: string;
  name: string;
  fields: number;
}

/**
 * Types whose names end in `Options` or are `Parts`, and what parameters take where that is written in place; with how
 * many fields they have of their own. What they extend counts by itself.
 */
export function optionsTypes(files: ReadonlyMap<string, string>): OptionsType[] {
  return [...files].flatMap(([file, text]) => {
    const found: OptionsType[] = [];
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    const look = (node: ts.Node): void => {
      const isNamed = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
      if (ts.isParameter(node) || (isNamed && /(Options|^Parts)$/.test(node.name.text))) {
        const fields = fieldsOf(node);
        if (fields > 0) found.push({ file, name: node.name.getText(source), fields });
      }
      ts.forEachChild(node, look);
    };
    look(source);
    return found;
  });
}

/** Of an interface, of a type in braces, or of several that are joined. */
function fieldsOf(node: ts.Node | undefined): number {
  if (node === undefined) return 0;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) return node.members.length;
  if (ts.isTypeAliasDeclaration(node) || ts.isParameter(node)) return fieldsOf(node.type);
  return ts.isIntersectionTypeNode(node) ? node.types.reduce((sum, type) => sum + fieldsOf(type), 0) : 0;
}
