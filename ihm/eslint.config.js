// The house style of the web interface; a feature imports core/ and ui/ only, ui/ imports core/ only, core/ neither.
import angular from 'angular-eslint';
import tseslint from 'typescript-eslint';

const no = (group, message) => ({ 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] });

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/**/*.gen.ts'] },
  {
    files: ['src/**/*.ts'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic, ...angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
    rules: {
      '@angular-eslint/component-selector': ['error', { type: 'element', prefix: 'cnp', style: 'kebab-case' }],
      '@angular-eslint/directive-selector': ['error', { type: 'attribute', prefix: 'cnp', style: 'camelCase' }],
      '@angular-eslint/prefer-on-push-component-change-detection': 'off', // the default since Angular 22
      '@typescript-eslint/no-extraneous-class': 'off', // a component may be all template
      'max-lines': ['error', 500],
      'max-lines-per-function': ['error', 60],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['src/**/*.spec.ts'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['src/app/core/**/*.ts'],
    rules: no(['@ui/*', '**/features/**', '**/shell/**'], 'core/ knows neither ui/, nor the shell, nor a feature'),
  },
  { files: ['src/app/ui/**/*.ts'], rules: no(['**/features/**', '**/shell/**'], 'ui/ knows no feature') },
  {
    files: ['src/app/features/**/*.ts'],
    rules: no(['**/shell/**', '**/features/**', '../../*/**', '../../../features/**'], 'a feature imports @core/ and @ui/ only'),
  },
  {
    files: ['src/**/*.html'],
    extends: [...angular.configs.templateRecommended, ...angular.configs.templateAccessibility],
    // The content policy refuses a style attribute; `[style.x]` sets a property, which it allows.
    rules: { '@angular-eslint/template/no-inline-styles': ['error', { allowNgStyle: false, allowBindToStyle: true }] },
  },
);
