import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Imports go app → features → {api, core, ui} → lib, and no feature knows another one. */
const below = (...folders) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: folders.map((folder) => ({
        regex: `^(\\.\\./)+${folder}/`,
        message: 'Imports go app → features → {api, core, ui} → lib.',
      })),
    },
  ],
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'public', 'scripts', 'eslint.config.js', 'src/api/generated/schema.ts', 'test-results'] },
  ...tseslint.configs.strictTypeChecked,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat['recommended-latest'],
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // The compiler of React is not used here.
      'react-hooks/preserve-manual-memoization': 'off',
      'react-hooks/incompatible-library': 'off',
      'max-lines': ['error', { max: 500 }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='mutate'][arguments.length=2]",
          message: 'What is given to mutate is lost when the component goes before the answer: mutateAsync(…).then(…).',
        },
      ],
    },
  },
  { files: ['src/lib/**'], rules: below('ui', 'core', 'api', 'features', 'app') },
  { files: ['src/{ui,core,api}/**'], rules: below('features', 'app') },
  {
    files: ['src/features/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(\\.\\./)+app/', message: 'Imports go app → features → {api, core, ui} → lib.' },
            {
              regex: '^\\.\\./(?!\\.\\./)[a-z-]+/',
              message: 'A feature does not import another feature: move what both need to core, api or ui.',
            },
          ],
        },
      ],
    },
  },
);
